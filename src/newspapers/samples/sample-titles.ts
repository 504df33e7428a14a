/** The invented newspapers of the samples: one of our days (born digital), one of about 1910 (scanned). */
import { ALDER_LANDING, PORT_MERROW, type Gazetteer } from './text/gazetteer.js';

export interface SampleTitle {
  /** Of a form that the Library of Congress gives, from a block that stands for no real serial. */
  lccn: string;
  /** As on the nameplate. */
  name: string;
  subtitle?: string;
  motto: string;
  /** First year of publication; it counts the volumes. */
  since: number;
  gazetteer: Gazetteer;
}

export const ALDER_LANDING_BEACON: SampleTitle = {
  lccn: 'sn99999001',
  name: 'The Alder Landing Beacon',
  motto: 'News of Merrow Bay and the valley, every Thursday',
  since: 1978,
  gazetteer: ALDER_LANDING,
};

export const PORT_MERROW_LEDGER: SampleTitle = {
  lccn: 'sn99999002',
  name: 'The Port Merrow Ledger',
  subtitle: 'and Harlow County advertiser',
  motto: 'Fair weather or foul, it is all set down here.',
  since: 1883,
  gazetteer: PORT_MERROW,
};

export const SAMPLE_TITLES: readonly SampleTitle[] = [ALDER_LANDING_BEACON, PORT_MERROW_LEDGER];

/** What a site has loaded, on disk before anybody is told: an agent's database outlives the agent. */
import { FakeOni, type LoadedBatch } from '../../../src/newspapers/oni/fake-agent/fake-oni.js';

export interface KeptSite {
  port: number;
  webPort: number;
  hostKey: string;
  batches: LoadedBatch[];
  awardees: [string, string][];
  /** One line for each load and purge that was done: kept with what it did, so that a kill leaves both or none. */
  story: string[];
}

export class KeptOni extends FakeOni {
  override readonly awardees: Map<string, string>;
  readonly story: string[];

  constructor(
    former: Partial<KeptSite>,
    private readonly keep: () => void,
  ) {
    super();
    this.story = [...(former.story ?? [])];
    for (const batch of former.batches ?? []) super.load({ ...batch, ingested: new Date(batch.ingested) });
    this.awardees = new KeptMap(former.awardees ?? [], keep);
  }

  override load(batch: LoadedBatch): void {
    super.load(batch);
    this.tell(`load ${batch.name} ${batch.issues.length}`);
  }

  override purge(name: string): void {
    super.purge(name);
    this.tell(`purge ${name}`);
  }

  private tell(what: string): void {
    this.story.push(what);
    this.keep();
  }
}

class KeptMap extends Map<string, string> {
  private readonly keep: () => void;

  constructor(entries: [string, string][], keep: () => void) {
    super(entries);
    this.keep = keep;
  }

  override set(key: string, value: string): this {
    super.set(key, value);
    // Undefined while the constructor of Map fills it.
    (this.keep as (() => void) | undefined)?.();
    return this;
  }
}

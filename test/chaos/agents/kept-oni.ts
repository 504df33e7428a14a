/** What a site has loaded, on disk before anybody is told: an agent's database outlives the agent. */
import { appendFileSync } from 'node:fs';
import { FakeOni, type LoadedBatch } from '../../../src/newspapers/oni/fake-agent/fake-oni.js';

export interface KeptSite {
  port: number;
  webPort: number;
  hostKey: string;
  batches: LoadedBatch[];
  awardees: [string, string][];
}

export class KeptOni extends FakeOni {
  override readonly awardees: Map<string, string>;

  constructor(
    former: Partial<KeptSite>,
    private readonly name: string,
    private readonly storyFile: string,
    private readonly keep: () => void,
  ) {
    super();
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
    this.keep();
    appendFileSync(this.storyFile, `${this.name} ${what}\n`);
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

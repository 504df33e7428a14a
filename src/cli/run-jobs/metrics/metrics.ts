/** All figures of a daemon, and the address where they are told. */
import type { Logger } from 'pino';
import type { Database } from '../../../database/database.js';
import type { Runner } from '../../../engine/runner/runner.js';
import type { Settings } from '../../../settings.js';
import { DatabaseFigures } from './database-figures.js';
import { DiskFigures } from './disk-figures.js';
import { exposition, gauge } from './exposition.js';
import type { JobFigures } from './job-figures.js';
import { ProcessFigures } from './process-figures.js';
import { MetricsServer, type MetricsAddress } from './server.js';

export interface MetricsParts {
  address: MetricsAddress;
  settings: Settings;
  database: Database;
  runner: Runner;
  /** False during an outage of Redis; locks in the database are as well as the database. */
  locksAreUp: () => boolean;
  jobs: JobFigures;
  log: Logger;
}

export class Metrics {
  private readonly server: MetricsServer;
  private readonly ofDatabase: DatabaseFigures;
  private readonly ofDisks: DiskFigures;
  private readonly ofProcess = new ProcessFigures();

  constructor(private readonly parts: MetricsParts) {
    const { address, settings, database, runner, log } = parts;
    this.ofDatabase = new DatabaseFigures(database.pool, settings.RUNNER_LEASE);
    this.ofDisks = new DiskFigures(settings);
    const pages = { metrics: () => this.page(), isHealthy: () => runner.status().turning };
    this.server = new MetricsServer(address, pages, log);
  }

  start(): void {
    void this.ofDisks.look();
    this.server.start();
  }

  stop(): void {
    this.server.stop();
    this.ofProcess.close();
  }

  private async page(): Promise<string> {
    const { runner, jobs, locksAreUp } = this.parts;
    return exposition([
      ...this.ofProcess.families(runner.status()),
      ...jobs.families(),
      gauge('pressmark_locks_up', 'Whether the store of the locks answers; without it jobs that need one wait.', {
        value: Number(locksAreUp()),
      }),
      ...this.ofDisks.families(),
      ...(await this.ofDatabase.families()),
    ]);
  }
}

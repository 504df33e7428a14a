/** What the process of the agents and the program say to each other. */

export interface AgentsOrder {
  /** Directory of the batches by their full names. */
  batchSource: string;
  /** Where agents and sites listen. */
  host: string;
  /** Keeps ports, keys and what was loaded through the death of the process. */
  stateFile: string;
  /** How long a load takes at least. */
  loadMs: number;
}

/** The settings of the site at that place: staging, production. */
export interface AgentSettings {
  agent: string;
  fingerprint: string;
  webroot: string;
}

export type FromAgents = { kind: 'up'; settings: AgentSettings[] } | { kind: 'busy'; jobs: number };

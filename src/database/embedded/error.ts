/** The embedded PostgreSQL cannot be had; the message names the thing, the reason and the remedy. */
export class EmbeddedPostgresError extends Error {
  override name = 'EmbeddedPostgresError';
}

/** Bytes as people read them: whole megabytes, rounded up. */
export const megabytes = (bytes: number): number => Math.ceil(bytes / 1_000_000);

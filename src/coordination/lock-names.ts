/** The names of locks. Whoever locks the same thing must call it the same. */
import { resolve } from 'node:path';

/**
 * The lock of a directory and all files in it (or of one file): of an upload that lies in its area, of an issue wherever it is now. One name for
 * both, so that who queues an upload and the job that moves it keep out of each other's way. A directory that hosts mount under
 * different paths is two to this lock: mount it alike.
 */
export const filesLock = (path: string): string => `files:${resolve(path)}`;

/** The lock of a watcher: it looks once, however many daemons there are. */
export const watcherLock = (watcher: string): string => `watcher:${watcher}`;

/** The lock of a program of which only one may be at work, however many hosts there are. */
export const programLock = (program: string): string => `program:${program}`;

/**
 * What the threads read files through, one piece at a time: each thread has its own and does one file after the other
 * without giving way. Made once: getting a megabyte of memory anew for each file took a third of the time of hashing it.
 */
export const chunk = Buffer.allocUnsafeSlow(1024 * 1024);

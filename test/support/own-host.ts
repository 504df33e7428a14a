/**
 * A loopback address of this process alone, for a server that is stopped and takes its port again: on 127.0.0.1 a server of another
 * test, which is given whatever port is free, may have that by then.
 */
export const OWN_HOST =
  process.platform === 'linux'
    ? `127.${64 + ((process.pid >> 16) & 63)}.${(process.pid >> 8) & 255}.${process.pid & 255}`
    : '127.0.0.1';

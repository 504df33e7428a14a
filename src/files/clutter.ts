/**
 * Whether a path, relative to the directory of an object, is what desktops, file servers and the manifest clock leave
 * beside its files: a name that begins with ".", or thumbs.db (newspapers spec 3.1.5). It comes and goes: it is nobody's
 * record, and `clean_files` takes it away.
 */
export const isClutter = (path: string): boolean => path.startsWith('.') || path.toLowerCase() === 'thumbs.db';

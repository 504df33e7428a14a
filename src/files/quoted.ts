/** A name or path as messages show it: as it is when plain, else in quotes with spaces, newlines and quotes visible. */
export function quoted(name: string): string {
  return /^[\w@%+=:,./-]+$/.test(name) ? name : JSON.stringify(name);
}

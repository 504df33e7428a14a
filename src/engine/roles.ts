/** Roles and what their holders may do. The words are the domains'; the engine knows how they add up (newspapers spec 1.9). */

/** Privileges of the engine's own verbs; domains give them to their roles. */
export const OPERATE_PIPELINES = 'operate pipelines';
export const ASSIGN_WORK = 'assign work';
export const LIST_USERS = 'list users';
export const MODIFY_USERS = 'modify users';

export interface Role {
  /** As it is granted and stored, e.g. "title manager". */
  name: string;
  /** What its holders may do, in words for people. */
  summary: string;
  /** What its holders may do, in the words that programs ask for: "modify titles". */
  privileges: readonly string[];
  /**
   * `everything`: has every role and privilege; only such users see and change each other, and the first user must be one.
   * `every other role`: has every role but that one. Such a role swallows those it has: they are not stored beside it.
   */
  has?: 'everything' | 'every other role';
}

/** Defines a role. @example defineRole({ name: 'title manager', summary: 'modifies titles', privileges: ['modify titles'] }) */
export const defineRole = (role: Role): Role => role;

/** All roles of a program. */
export class Roles {
  /** Those that have others first, the highest first, then by name. */
  readonly all: readonly Role[];

  /** @throws Error when two roles share a name or two have everything */
  constructor(roles: readonly Role[]) {
    this.all = [...roles].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
    const names = this.names;
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw new Error(`role ${twice} is defined twice`);
    if (roles.filter((role) => role.has === 'everything').length > 1)
      throw new Error('only one role can have everything');
  }

  get names(): string[] {
    return this.all.map((role) => role.name);
  }

  /** The role that has everything: the first user's. */
  get highest(): string | undefined {
    return this.all.find((role) => role.has === 'everything')?.name;
  }

  /** Whether holders of these roles have the highest one. */
  isHighest(held: readonly string[]): boolean {
    return this.highest !== undefined && held.includes(this.highest);
  }

  /** Whether holders of these roles have that role, by itself or by one that has it. */
  has(held: readonly string[], name: string): boolean {
    return this.all.some((role) => held.includes(role.name) && this.includedIn(role, name));
  }

  /** Whether holders of these roles may do what the privilege says. */
  give(held: readonly string[], privilege: string): boolean {
    return this.isHighest(held) || this.givers(privilege).some((role) => this.has(held, role));
  }

  /** The roles that name a privilege themselves; with none, only the highest role has it. */
  givers(privilege: string): string[] {
    return this.all.filter((role) => role.privileges.includes(privilege)).map((role) => role.name);
  }

  /** The roles to name to people who ask which one has a privilege. */
  holders(privilege: string): string[] {
    const givers = this.givers(privilege);
    return givers.length > 0 || this.highest === undefined ? givers : [this.highest];
  }

  /** Roles as they are stored: sorted, none twice, none that another of them has anyway. */
  stored(held: readonly string[]): string[] {
    const swallowed = (name: string) => held.some((other) => other !== name && this.includedIn(this.find(other), name));
    return [...new Set(held)].filter((name) => !swallowed(name)).sort();
  }

  find(name: string): Role | undefined {
    return this.all.find((role) => role.name === name);
  }

  private includedIn(role: Role | undefined, name: string): boolean {
    if (role === undefined) return false;
    if (role.name === name || role.has === 'everything') return true;
    return role.has === 'every other role' && name !== this.highest;
  }
}

const rank = (role: Role): number => (role.has === 'everything' ? 0 : role.has === 'every other role' ? 1 : 2);

/** How `users` prints for people. */
import type { Roles } from '../../engine/roles.js';
import type { User } from '../../engine/users.js';
import { table, visible } from '../table.js';

/** Users, one a line; what it means that there is none. */
export function usersTable(users: User[]): string {
  const rows = table(
    ['login', 'name', 'roles', 'deactivated'],
    users.map((user) => [
      user.login,
      user.name,
      user.roles.join(', ') || 'none',
      user.deactivatedAt?.toISOString().slice(0, 10),
    ]),
    'There are no users.',
  );
  return users.some((user) => user.deactivatedAt === null) ? rows : `${rows}\n${NOBODY}`;
}

const NOBODY =
  'As long as there is no active user everybody may do everything. The first one must be a sysop:\nusers add LOGIN --role sysop';

/** One user after a change. */
export const userLine = (user: User): string =>
  visible(
    `${user.login} (${user.name})${user.deactivatedAt === null ? '' : ' is deactivated'}: ${user.roles.join(', ') || 'no roles'}`,
  );

/** The roles and what each may. */
export const rolesTable = (roles: Roles['all']): string =>
  table(
    ['role', 'may'],
    roles.map((role) => [role.name, role.summary]),
  );

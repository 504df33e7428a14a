/** What of this process's environment an outside program sees: what it needs to run, and nothing that opens a door. */

/** Where things are, in which language, and where fonts, colours and libraries lie. */
const KEPT =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TEMP|TMP|TZ|LANG|LANGUAGE|LC_\w+|XDG_\w+|FONTCONFIG_\w+|GS_\w+|OPENJPEG_\w+|JAVA_HOME|JAVA_OPTS|JAVA_TOOL_OPTIONS|JAVACMD|LD_\w+|DYLD_\w+)$/;
/** For programs that fetch something; they may hold a password. */
const PROXIES = /^(https?|ftp|no|all)_proxy$/i;

/**
 * The environment for an outside program. DATABASE_URL, REDIS_URL, MYSQL_PWD and the like stay here: a fault in a
 * program that reads what strangers deliver must not hand them out.
 */
export const programEnvironment = (own: NodeJS.ProcessEnv): Record<string, string> => only(KEPT, own);

/** What apt-get needs beside that. */
export const proxyEnvironment = (own: NodeJS.ProcessEnv): Record<string, string> => only(PROXIES, own);

function only(names: RegExp, own: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) if (names.test(name) && value !== undefined) kept[name] = value;
  return kept;
}

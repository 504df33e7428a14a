/**
 * Where an English word may be broken at the end of a line. Rules of thumb, on the careful side: rather no break than a
 * wrong one.
 */

const VOWEL = /[aeiouy]/;
/** Pairs that stay together at the start of a syllable. */
const CLUSTERS = new Set([
  'th',
  'sh',
  'ch',
  'ph',
  'wh',
  'ck',
  'gh',
  'tr',
  'br',
  'cr',
  'dr',
  'fr',
  'gr',
  'pr',
  'wr',
  'bl',
  'cl',
  'fl',
  'gl',
  'pl',
  'sl',
  'qu',
  'ng',
  'nk',
  'lk',
  'rk',
  'lf',
  'ld',
  'nd',
  'rd',
  'rn',
  'rm',
  'rt',
  'ls',
  'lm',
  'ft',
  'xt',
  'tw',
]);
/** Before "-er" and the like only these are surely divided: "mas-ter", but "farm-er". */
const DIVIDED_BEFORE_ER = new Set(['tt', 'pp', 'mm', 'nn', 'dd', 'gg', 'ff', 'bb', 'nt', 'mb', 'st', 'ct']);
const PREFIXES = ['inter', 'under', 'over', 'trans', 'with', 'dis', 'mis', 'out', 'sub', 'non', 'un'];
const SUFFIXES = [
  'tion',
  'sion',
  'ment',
  'ments',
  'ness',
  'less',
  'ful',
  'ward',
  'ship',
  'teen',
  'able',
  'tions',
  'dred',
];

/**
 * The parts of a word, a break being allowed between each two; the whole word when none is. At least two letters stay
 * before a break and three go after it.
 *
 * @example
 * hyphenate('committee'); // ['com', 'mit', 'tee']
 */
export function hyphenate(word: string): string[] {
  const match = /^([“‘(]*)([a-z]{6,})([.,;:?!”’)]*)$/.exec(word);
  if (match === null) return [word];
  const [, opening = '', letters = '', closing = ''] = match;
  const parts: string[] = [];
  let start = 0;
  for (const at of breaks(letters)) {
    parts.push(letters.slice(start, at));
    start = at;
  }
  parts.push(letters.slice(start));
  parts[0] = opening + (parts[0] ?? '');
  parts[parts.length - 1] = (parts.at(-1) ?? '') + closing;
  return parts;
}

function breaks(word: string): number[] {
  const found = new Set<number>();
  let end = word.length;

  if (word.endsWith('thing')) {
    end = word.length - 5;
    found.add(end);
  } else if (word.endsWith('ing')) {
    end = word.length - 3;
    const doubled = word[end - 1] === word[end - 2] && !/[lsz]/.test(word[end - 1] ?? '');
    if (VOWEL.test(word.slice(0, end))) found.add(doubled ? end - 1 : end);
    end -= 2;
  } else {
    const suffix = SUFFIXES.find((candidate) => word.endsWith(candidate));
    if (suffix !== undefined) {
      end = word.length - suffix.length;
      if (VOWEL.test(word.slice(0, end))) found.add(end);
    }
  }
  const prefix = PREFIXES.find((candidate) => word.startsWith(candidate));
  let from = 1;
  if (prefix !== undefined && VOWEL.test(word.slice(prefix.length)) && !VOWEL.test(word[prefix.length] ?? '')) {
    found.add(prefix.length);
    from = prefix.length + 1;
  }
  for (let i = from; i + 2 < end; i++) {
    const pair = word.slice(i, i + 2);
    const between =
      VOWEL.test(word[i - 1] ?? '') &&
      !VOWEL.test(pair[0] ?? '') &&
      !VOWEL.test(pair[1] ?? '') &&
      VOWEL.test(word[i + 2] ?? '');
    if (!between || CLUSTERS.has(pair)) continue;
    if (/^.(?:ers?|est|ed|es|en|y|ings?)$/.test(word.slice(i + 1)) && !DIVIDED_BEFORE_ER.has(pair)) continue;
    found.add(i + 1);
  }
  const allowed = [...found].filter(
    (at) => at >= 2 && word.length - at >= 3 && sounded(word.slice(at)) && VOWEL.test(word.slice(0, at)),
  );
  return allowed.filter((at) => !allowed.includes(at - 1)).sort((a, b) => a - b);
}

/** Has a vowel that is spoken: "ked" and "ces" have none. */
function sounded(ending: string): boolean {
  if (/[^aeiouy]le$/.test(ending)) return true;
  return VOWEL.test(ending.replace(/e[ds]?$/, ''));
}

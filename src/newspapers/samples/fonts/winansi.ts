/** WinAnsiEncoding (PDF 32000-1, annex D.2): the one-byte codes of the text that we draw. */

const SPECIAL = new Map<string, number>(
  Object.entries({
    '€': 0x80,
    '…': 0x85,
    '‘': 0x91,
    '’': 0x92,
    '“': 0x93,
    '”': 0x94,
    '•': 0x95,
    '–': 0x96,
    '—': 0x97,
  }),
);

/** Code of each character; throws for one that the encoding lacks, because the text is all our own. */
export function winAnsiCodes(text: string): number[] {
  return Array.from(text, (character) => {
    const unicode = character.codePointAt(0) ?? 0;
    if ((unicode >= 0x20 && unicode <= 0x7e) || (unicode >= 0xa1 && unicode <= 0xff)) return unicode;
    const code = SPECIAL.get(character);
    if (code === undefined) throw new Error(`"${character}" in "${text}" is not in WinAnsiEncoding: reword the text`);
    return code;
  });
}

/** The character of each code that we may draw. */
export function winAnsiCharacters(): Map<number, string> {
  const characters = new Map<number, string>();
  for (let code = 0x20; code <= 0xff; code++) {
    if (code <= 0x7e || code >= 0xa1) characters.set(code, String.fromCharCode(code));
  }
  for (const [character, code] of SPECIAL) characters.set(code, character);
  return characters;
}

/** A PDF string literal of the text, brackets included. */
export function pdfString(text: string): string {
  let literal = '(';
  for (const code of winAnsiCodes(text)) {
    const character = String.fromCharCode(code);
    if (character === '(' || character === ')' || character === '\\') literal += `\\${character}`;
    else if (code > 0x7e) literal += `\\${code.toString(8).padStart(3, '0')}`;
    else literal += character;
  }
  return `${literal})`;
}

/** Reads the text of a page as Open ONI does (newspapers spec 6.3, 8.7): by plain element names, whatever the namespace. */
import { readFileSync } from 'node:fs';
import { SaxesParser } from 'saxes';

/** What it would fail at, or could not show. */
export function checkAlto(path: string): string[] {
  const problems: string[] = [];
  let pages = 0;
  let badStrings = 0;
  const isNumber = (value: string | undefined, least: number) =>
    value !== undefined && value.trim() !== '' && Number(value) >= least;
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'Page') {
      pages += 1;
      if (!isNumber(attributes['WIDTH'], 1) || !isNumber(attributes['HEIGHT'], 1))
        problems.push('its Page has no WIDTH and HEIGHT: words could not be shown on the image');
    }
    if (name !== 'String') return;
    const hasPlace = ['HPOS', 'VPOS', 'WIDTH', 'HEIGHT'].every((key) => isNumber(attributes[key], 0));
    if (attributes['CONTENT'] === undefined || !hasPlace) badStrings += 1;
  });
  try {
    parser.write(readFileSync(path, 'utf8')).close();
  } catch (error) {
    return [`cannot be read: ${(error as Error).message}`]; // saxes and fs throw errors only
  }
  if (pages !== 1) problems.push(`it has ${pages} elements Page; one is read`);
  if (badStrings > 0) problems.push(`${badStrings} of its words have no CONTENT, HPOS, VPOS, WIDTH or HEIGHT`);
  return problems;
}

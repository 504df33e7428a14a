/** Reads ALTO the way Open ONI does (newspapers 8.7): unprefixed names, no namespaces. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SaxesParser } from 'saxes';
import { findProgram, runProgram } from '../../../src/files/programs.js';

export interface ReadString {
  content: string;
  left: number;
  top: number;
  width: number;
  height: number;
  part: string | undefined;
  whole: string | undefined;
  /** The attributes of its TextStyle, if it has one. */
  style: Record<string, string> | undefined;
}

export interface ReadAlto {
  width: number;
  height: number;
  unit: string;
  languages: string[];
  /** Strings of each line. */
  lines: ReadString[][];
  /** "String", "SP", "HYP" in order, per line. */
  shapes: string[][];
  xml: string;
}

export async function readAltoFile(path: string): Promise<ReadAlto> {
  const xml = await readFile(path, 'utf8');
  const alto: ReadAlto = { width: 0, height: 0, unit: '', languages: [], lines: [], shapes: [], xml };
  const parser = new SaxesParser();
  const styles = new Map<string, Record<string, string>>();
  let element = '';
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    element = name;
    if (name === 'TextStyle') {
      const { ID = '', ...style } = attributes;
      styles.set(ID, style);
    }
    const number = (key: string) => Number(attributes[key]);
    if (name === 'Page') [alto.width, alto.height] = [number('WIDTH'), number('HEIGHT')];
    if (name === 'TextBlock') alto.languages.push(attributes['language'] ?? '');
    if (name === 'TextLine') {
      alto.lines.push([]);
      alto.shapes.push([]);
    }
    if (['String', 'SP', 'HYP'].includes(name)) alto.shapes.at(-1)?.push(name);
    if (name !== 'String') return;
    alto.lines.at(-1)?.push({
      content: attributes['CONTENT'] ?? '',
      ...{ left: number('HPOS'), top: number('VPOS'), width: number('WIDTH'), height: number('HEIGHT') },
      ...{ part: attributes['SUBS_TYPE'], whole: attributes['SUBS_CONTENT'] },
      style: styles.get(attributes['STYLEREFS'] ?? ''),
    });
  });
  parser.on('text', (text) => {
    if (element === 'MeasurementUnit') alto.unit += text.trim();
  });
  parser.write(xml).close();
  return alto;
}

const SCHEMAS = join(import.meta.dirname, '../../../../shared/data/newspapers/schemas');

/** Why ALTO files cannot be validated here; undefined when they can. */
export const cannotValidate = !existsSync(SCHEMAS)
  ? '../shared/data is not there'
  : (await findProgram('xmllint')) === undefined
    ? 'xmllint is not installed'
    : undefined;

/** Validates against the schema that the file itself names, from the copies in ../shared/data. */
export async function assertValidAlto(path: string): Promise<void> {
  const xml = await readFile(path, 'utf8');
  const [, url = 'none named'] = /xsi:schemaLocation="\S+ (\S+)"/.exec(xml) ?? [];
  const schema = join(SCHEMAS, basename(url));
  await runProgram('xmllint', ['--nonet', '--noout', '--schema', schema, path], { timeoutSeconds: 60 });
}

/** A small XML document as a tree, with namespaces resolved, for looking things up in it. */
import { SaxesParser } from 'saxes';

export interface XmlElement {
  /** Namespace and local name, as "{namespace}name". */
  name: string;
  /** By their written names; of those in a namespace also as "{namespace}name". */
  attributes: ReadonlyMap<string, string>;
  children: XmlElement[];
  /** All text in it, also of its children. */
  text: string;
}

/** METS and ALTO have some ten levels. What is nested more was made to cost time and memory. */
const MOST_DEEP = 100;

/** @throws Error with the line, when it is not well-formed; entities of a document type are not known, so nothing is fetched */
export function parseXml(xml: string): XmlElement {
  const root: XmlElement = { name: '', attributes: new Map(), children: [], text: '' };
  const open = [root];
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ uri, local, attributes }) => {
    const own = Object.values(attributes).flatMap(({ name, uri: space, local: localName, value }): [string, string][] =>
      space === '' ? [[name, value]] : [[name, value], [`{${space}}${localName}`, value]],
    ); // prettier-ignore
    const element: XmlElement = { name: `{${uri}}${local}`, attributes: new Map(own), children: [], text: '' };
    if (open.length > MOST_DEEP) throw new Error(`its elements are nested more than ${MOST_DEEP} deep`);
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  const onText = (text: string) => {
    for (const element of open) element.text += text;
  };
  parser.on('text', onText);
  parser.on('cdata', onText);
  parser.on('closetag', () => void open.pop());
  parser.write(xml).close();
  const [document] = root.children;
  if (!document) throw new Error('it is empty');
  return document;
}

/** Every element of a name below one, in the order of the document. */
export function below(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...below(child, name)]);
}

/** The children of a name. */
export const childrenOf = (element: XmlElement, name: string): XmlElement[] =>
  element.children.filter((child) => child.name === name);

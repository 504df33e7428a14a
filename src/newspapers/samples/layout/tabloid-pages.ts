/** The pages of a paper of our days. */
import type { Topic } from '../text/topic.js';
import { setAdvertisements } from './advertisement-block.js';
import { classifiedSupply, headingSlugs, letter, localItem, setFlow } from './column-matter.js';
import { divide } from './divide.js';
import type { Area } from './grid.js';
import { setFolio, setNameplate } from './nameplate.js';
import type { Sheet } from './sheet.js';
import { setStory, type StoryBlock } from './story-block.js';
import { makeTable, setMasthead, setTable, tableLines, type TableKind } from './tables.js';

type Sections = readonly Topic['section'][];

/** Sets the page with this number, of so many: front, opinion, classified and sports have their places. */
export function setTabloidPage(sheet: Sheet): void {
  const { number, of } = sheet;
  if (number === 1) setFront(sheet);
  else if (number === of && of > 2) setSports(sheet);
  else if (number === of - 1 && of > 4) setClassified(sheet);
  else if (number === 4 && of > 5) setOpinion(sheet);
  else if (number % 5 === 3) setNews(sheet, 'Valley', ['farm', 'business', 'news'], 'prices');
  else if (number % 5 === 0) setNews(sheet, 'Waterfront', ['water', 'society', 'news'], 'tides');
  else if (number % 5 === 4) setNews(sheet, 'Community', ['society', 'business', 'news'], 'weather');
  else setNews(sheet, 'Local', ['news', 'society', 'water', 'business'], number === 2 ? 'weather' : 'vessels');
}

function setFront(sheet: Sheet): void {
  const { grid, newsroom } = sheet;
  const top = setNameplate(sheet);
  const rest = grid.lines - top;
  const upper = Math.round(rest * 0.52);
  setStory(
    sheet,
    { column: 0, columns: 4, line: top, lines: upper },
    {
      ...plain(sheet, 4, true),
      story: newsroom.story(),
      headlineSize: 46,
      headlineLines: 2,
      picture: { columns: 3, lines: 25 },
    },
  );

  const table = makeTable('weather', sheet, sheet.random);
  setTable(sheet, { column: 4, columns: 1, line: top, lines: tableLines(table) }, table);
  const briefs = { column: 4, columns: 1, line: top + tableLines(table), lines: upper - tableLines(table) };
  let first = true;
  setFlow(sheet, [briefs], () => {
    const slugs = [...(first ? headingSlugs(sheet, 'Around the bay', 12) : []), ...localItem(sheet)];
    first = false;
    return slugs;
  });

  const strip = 9;
  const line = top + upper;
  const lines = grid.lines - line - strip;
  setStory(
    sheet,
    { column: 0, columns: 3, line, lines },
    { ...plain(sheet, 3, false), story: newsroom.story(['news', 'water']), picture: { columns: 1, lines: 15 } },
  );
  setStory(
    sheet,
    { column: 3, columns: 2, line, lines },
    { ...plain(sheet, 2, false), story: newsroom.story(['business', 'farm', 'society']), deck: true },
  );
  setAdvertisements(sheet, { column: 0, columns: 5, line: grid.lines - strip, lines: strip });
}

/** Stories over advertisements, with a table in the first column where there is room. */
function setNews(sheet: Sheet, section: string, sections: Sections, tableKind: TableKind): void {
  const { grid, random } = sheet;
  setFolio(sheet, section);
  const areas: Area[] = [];
  if (random.chance(0.5)) {
    const deep = random.int(22, 32);
    setAdvertisements(sheet, { column: 0, columns: grid.columns, line: grid.lines - deep, lines: deep });
    areas.push({ ...grid.whole(), lines: grid.lines - deep });
  } else {
    const deep = random.int(44, 54);
    const right = sheet.number % 2 === 1;
    setAdvertisements(sheet, { column: right ? 2 : 0, columns: 3, line: grid.lines - deep, lines: deep });
    areas.push(
      { ...grid.whole(), lines: grid.lines - deep },
      { column: right ? 0 : 3, columns: 2, line: grid.lines - deep, lines: deep },
    );
  }
  setStories(
    sheet,
    areas.flatMap((area) => divide(area, random)),
    sections,
    tableKind,
  );
}

function setStories(sheet: Sheet, places: readonly Area[], sections: Sections, tableKind: TableKind): void {
  const { newsroom, random } = sheet;
  let pictures = 0;
  let tabled = false;
  places.forEach((place, i) => {
    let area = place;
    if (!tabled && area.columns === 1 && area.lines > 34) {
      const table = makeTable(tableKind, sheet, random);
      setTable(sheet, { ...area, lines: tableLines(table) }, table);
      area = { ...area, line: area.line + tableLines(table), lines: area.lines - tableLines(table) };
      tabled = true;
    }
    const block: StoryBlock = { ...plain(sheet, area.columns, i === 0), story: newsroom.story(sections) };
    const picture = pictureFor(area, pictures);
    if (picture !== undefined && (pictures < 2 || random.chance(0.3))) {
      block.picture = picture;
      pictures++;
    }
    setStory(sheet, area, block);
  });
}

/** The size of a picture that suits the area; none where there would be too little text. */
function pictureFor(area: Area, before: number): StoryBlock['picture'] {
  if (area.columns === 1) return area.lines > 38 && before === 0 ? { columns: 1, lines: 14 } : undefined;
  if (area.lines < 30) return area.columns >= 3 ? { columns: 1, lines: 13 } : undefined;
  if (area.columns === 2) return { columns: 2, lines: area.lines > 40 ? 19 : 16 };
  return { columns: area.columns === 3 ? 2 : 3, lines: area.lines > 40 ? 22 : 18 };
}

/** Manners of a story by its width. */
function plain(sheet: Sheet, columns: number, first: boolean): Omit<StoryBlock, 'story'> {
  const size = [0, 16.5, 24, 31, 37, 42][columns] ?? 24;
  return {
    headlineSize: size * (first ? 1.14 : 1),
    headlineLines: columns === 1 ? 4 : columns === 2 ? 3 : 2,
    deck: columns > 1 && (first || sheet.random.chance(0.5)),
    byline: true,
  };
}

function setOpinion(sheet: Sheet): void {
  const { grid, newsroom } = sheet;
  setFolio(sheet, 'Opinion');
  const deep = 20;
  const lines = grid.lines - deep;
  const upper = 54;
  setMasthead(sheet, { column: 0, columns: 1, line: 0, lines: 17 });
  setStory(
    sheet,
    { column: 0, columns: 1, line: 17, lines: lines - 17 },
    { ...plain(sheet, 1, false), story: newsroom.story(['opinion']), byline: false, kicker: 'OUR VIEW' },
  );
  setStory(
    sheet,
    { column: 1, columns: 2, line: 0, lines: upper },
    {
      ...plain(sheet, 2, true),
      story: newsroom.story(['opinion']),
      kicker: 'COLUMN',
      picture: { columns: 2, lines: 16 },
    },
  );
  setStory(
    sheet,
    { column: 1, columns: 2, line: upper, lines: lines - upper },
    { ...plain(sheet, 2, false), story: newsroom.story(['opinion']), kicker: 'GUEST COLUMN' },
  );
  let first = true;
  setFlow(
    sheet,
    [3, 4].map((column) => ({ column, columns: 1, line: 0, lines })),
    () => {
      const slugs = [...(first ? headingSlugs(sheet, 'Letters', 15) : []), ...letter(sheet)];
      first = false;
      return slugs;
    },
  );
  setAdvertisements(sheet, { column: 0, columns: grid.columns, line: lines, lines: deep });
}

function setClassified(sheet: Sheet): void {
  const { grid } = sheet;
  setFolio(sheet, 'Classified');
  const deep = 34;
  const places = Array.from({ length: grid.columns }, (_, column) => ({
    column,
    columns: 1,
    line: 0,
    lines: column >= 2 ? grid.lines - deep : grid.lines,
  }));
  setFlow(sheet, places, classifiedSupply(sheet, 14));
  setAdvertisements(sheet, { column: 2, columns: grid.columns - 2, line: grid.lines - deep, lines: deep });
}

function setSports(sheet: Sheet): void {
  const { grid, newsroom, random } = sheet;
  setFolio(sheet, 'Sports');
  const deep = 20;
  const upper = 50;
  setStory(
    sheet,
    { column: 0, columns: 4, line: 0, lines: upper },
    {
      ...plain(sheet, 4, true),
      story: newsroom.story(['sports']),
      headlineSize: 44,
      picture: { columns: 3, lines: 25 },
    },
  );
  const table = makeTable('standings', sheet, random);
  setTable(sheet, { column: 4, columns: 1, line: 0, lines: tableLines(table) }, table);
  setStory(
    sheet,
    { column: 4, columns: 1, line: tableLines(table), lines: upper - tableLines(table) },
    { ...plain(sheet, 1, false), story: newsroom.story(['sports']) },
  );
  const rest = { column: 0, columns: grid.columns, line: upper, lines: grid.lines - upper - deep };
  setStories(sheet, divide(rest, random), ['sports'], 'standings');
  setAdvertisements(sheet, { column: 0, columns: grid.columns, line: grid.lines - deep, lines: deep });
}

/** Scenes as SVG, drawn by chance: what the photographer of an invented town might have brought home. */
import type { Random } from '../random.js';
import type { PictureKind } from '../text/topic.js';

/** Colours of a scene; a grey page turns them to grey. */
interface Light {
  skyHigh: string;
  skyLow: string;
  far: string;
  near: string;
  ground: string;
  water: string;
}

const LIGHTS: readonly Light[] = [
  { skyHigh: '#6f9cc4', skyLow: '#dfe9ee', far: '#8aa0ac', near: '#4e6a4e', ground: '#7d8a55', water: '#4f7f98' },
  { skyHigh: '#8fa3b5', skyLow: '#f0dfc4', far: '#a08f8c', near: '#5a5648', ground: '#8c7b55', water: '#718a94' },
  { skyHigh: '#b4bec6', skyLow: '#e8e9e6', far: '#9aa5a6', near: '#545c55', ground: '#7c7f6c', water: '#8e9ea3' },
  { skyHigh: '#4b6f9e', skyLow: '#f2c79a', far: '#77738a', near: '#3e4640', ground: '#6b6a45', water: '#5e6f86' },
];

const f = (value: number): string => value.toFixed(1);

/** An SVG of `width` x `height` units. */
export function scene(kind: PictureKind, width: number, height: number, random: Random): string {
  const light = random.pick(LIGHTS);
  const draw: Record<PictureKind, () => string> = {
    harbor: () =>
      sky(light, width, height, random) +
      ridge(light.far, width, height, 0.42, 0.1, random) +
      sea(light, width, height, 0.5, random) +
      boats(width, height, random) +
      dock(width, height, random),
    hills: () =>
      sky(light, width, height, random) +
      ridge(light.far, width, height, 0.4, 0.16, random) +
      ridge('#6d7f72', width, height, 0.55, 0.12, random) +
      ridge(light.near, width, height, 0.7, 0.1, random) +
      firs(width, height, 0.78, random),
    lighthouse: () =>
      sky(light, width, height, random) + sea(light, width, height, 0.62, random) + lighthouse(width, height, random),
    street: () => sky(light, width, height, random) + street(width, height, random),
    bridge: () =>
      sky(light, width, height, random) +
      ridge(light.far, width, height, 0.38, 0.14, random) +
      sea(light, width, height, 0.66, random) +
      bridge(width, height, random),
    mill: () =>
      sky(light, width, height, random) +
      ridge(light.far, width, height, 0.45, 0.12, random) +
      mill(width, height, random) +
      sea(light, width, height, 0.82, random),
    orchard: () =>
      sky(light, width, height, random) +
      ridge(light.far, width, height, 0.36, 0.1, random) +
      orchard(light, width, height, random),
    ballfield: () => sky(light, width, height, random) + ballfield(light, width, height, random),
    stage: () => stage(width, height, random),
    portrait: () => portrait(width, height, random),
  };
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${f(width)}" height="${f(height)}">${draw[kind]()}</svg>`;
}

function sky(light: Light, w: number, h: number, random: Random): string {
  let clouds = '';
  for (let i = random.int(3, 7); i > 0; i--) {
    const x = random.between(0, w);
    const y = random.between(0.04, 0.32) * h;
    for (let puff = 0; puff < 6; puff++) {
      clouds += `<ellipse cx="${f(x + random.between(-0.14, 0.14) * w)}" cy="${f(y + random.between(-0.02, 0.02) * h)}" rx="${f(random.between(0.04, 0.13) * w)}" ry="${f(random.between(0.01, 0.035) * h)}" fill="#fff" opacity="0.35"/>`;
    }
  }
  return `<defs><linearGradient id="s" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${light.skyHigh}"/><stop offset="0.65" stop-color="${light.skyLow}"/></linearGradient></defs><rect width="${f(w)}" height="${f(h)}" fill="url(#s)"/>${clouds}`;
}

/** A skyline of broken slopes, filled to the bottom. */
function ridge(colour: string, w: number, h: number, base: number, rough: number, random: Random): string {
  let heights = [random.between(-1, 1), random.between(-1, 1)];
  for (let level = 0, step = 1; level < 6; level++, step *= 0.55) {
    heights = heights.flatMap((height, i) => {
      const next = heights[i + 1];
      return next === undefined ? [height] : [height, (height + next) / 2 + random.between(-step, step)];
    });
  }
  const points = heights.map((height, i) => `${f((i / (heights.length - 1)) * w)},${f((base - height * rough) * h)}`);
  return `<polygon points="0,${f(h)} ${points.join(' ')} ${f(w)},${f(h)}" fill="${colour}"/>`;
}

function sea(light: Light, w: number, h: number, horizon: number, random: Random): string {
  let waves = '';
  for (let i = 0; i < 90; i++) {
    const depth = random.next() ** 1.6;
    const y = (horizon + (1 - horizon) * depth) * h;
    const length = random.between(0.02, 0.1) * w * (0.3 + depth);
    waves += `<rect x="${f(random.between(-0.05, 1) * w)}" y="${f(y)}" width="${f(length)}" height="${f(0.6 + depth * h * 0.008)}" fill="${random.chance(0.6) ? '#eef3f3' : '#22323c'}" opacity="${f(random.between(0.15, 0.4))}"/>`;
  }
  return `<rect y="${f(horizon * h)}" width="${f(w)}" height="${f(h)}" fill="${light.water}"/>${waves}`;
}

function boats(w: number, h: number, random: Random): string {
  let all = '';
  for (let i = 0, count = random.int(3, 5); i < count; i++) {
    const near = (i + 1) / count;
    const size = (0.1 + 0.16 * near) * w;
    const x = ((i + random.between(0.1, 0.5)) / count) * w * 0.85;
    const y = (0.54 + 0.26 * near) * h;
    const hull = random.pick(['#2f3b46', '#7b2f2a', '#e9e6dc', '#365a4a']);
    const mast = size * random.between(0.8, 1.2);
    all += `<ellipse cx="${f(x + size / 2)}" cy="${f(y + size * 0.17)}" rx="${f(size * 0.55)}" ry="${f(size * 0.05)}" fill="#16222a" opacity="0.45"/>`;
    all += `<path d="M${f(x)} ${f(y)} L${f(x + size)} ${f(y - size * 0.07)} L${f(x + size * 0.88)} ${f(y + size * 0.16)} L${f(x + size * 0.1)} ${f(y + size * 0.16)} Z" fill="${hull}"/>`;
    all += `<rect x="${f(x + size * 0.24)}" y="${f(y - size * 0.2)}" width="${f(size * 0.27)}" height="${f(size * 0.2)}" fill="#efece2"/><rect x="${f(x + size * 0.28)}" y="${f(y - size * 0.16)}" width="${f(size * 0.07)}" height="${f(size * 0.07)}" fill="#20303a"/><rect x="${f(x + size * 0.39)}" y="${f(y - size * 0.16)}" width="${f(size * 0.07)}" height="${f(size * 0.07)}" fill="#20303a"/>`;
    all += `<path d="M${f(x + size * 0.6)} ${f(y)} V${f(y - mast)} M${f(x + size * 0.6)} ${f(y - mast * 0.95)} L${f(x + size)} ${f(y - size * 0.07)} M${f(x + size * 0.6)} ${f(y - mast * 0.9)} L${f(x + size * 0.05)} ${f(y)} M${f(x + size * 0.6)} ${f(y - mast * 0.35)} L${f(x + size * 0.2)} ${f(y - mast * 0.62)}" stroke="#2a2622" stroke-width="${f(size * 0.016)}" fill="none"/>`;
  }
  return all;
}

function dock(w: number, h: number, random: Random): string {
  const y = 0.88 * h;
  let piles = '';
  for (let x = 0.02 * w; x < w; x += random.between(0.07, 0.12) * w) {
    piles += `<rect x="${f(x)}" y="${f(y - random.between(0.02, 0.08) * h)}" width="${f(0.018 * w)}" height="${f(h)}" fill="#3a332c"/>`;
  }
  return `${piles}<rect y="${f(y)}" width="${f(w)}" height="${f(0.05 * h)}" fill="#6b5f50"/>`;
}

function firs(w: number, h: number, base: number, random: Random): string {
  let trees = '';
  for (let i = 0; i < 26; i++) {
    const size = random.between(0.1, 0.3) * h;
    const x = random.between(-0.02, 1.02) * w;
    const y = (base + random.between(0, 0.24)) * h;
    let tiers = '';
    for (let tier = 0; tier < 4; tier++) {
      const top = y - size + tier * size * 0.2;
      const half = size * (0.09 + 0.05 * tier);
      tiers += `M${f(x)} ${f(top)} L${f(x + half)} ${f(top + size * 0.38)} L${f(x - half)} ${f(top + size * 0.38)} Z `;
    }
    trees += `<path d="${tiers}" fill="${random.pick(['#2c3d31', '#34483a', '#25332b'])}"/>`;
  }
  return trees;
}

function lighthouse(w: number, h: number, random: Random): string {
  const x = random.between(0.3, 0.68) * w;
  const top = 0.14 * h;
  const foot = 0.66 * h;
  const half = 0.045 * w;
  const rock = `<path d="M0 ${f(0.74 * h)} C${f(0.2 * w)} ${f(0.6 * h)} ${f(x - 0.2 * w)} ${f(0.62 * h)} ${f(x)} ${f(0.62 * h)} C${f(x + 0.2 * w)} ${f(0.62 * h)} ${f(0.92 * w)} ${f(0.72 * h)} ${f(w)} ${f(0.86 * h)} V${f(h)} H0 Z" fill="#4a463e"/>`;
  const tower = `<path d="M${f(x - half)} ${f(foot)} L${f(x - half * 0.6)} ${f(top + 0.1 * h)} H${f(x + half * 0.6)} L${f(x + half)} ${f(foot)} Z" fill="#f3f0e8"/><path d="M${f(x + half * 0.2)} ${f(foot)} L${f(x + half * 0.15)} ${f(top + 0.1 * h)} H${f(x + half * 0.6)} L${f(x + half)} ${f(foot)} Z" fill="#b9b4aa"/>`;
  const lamp = `<rect x="${f(x - half * 0.85)}" y="${f(top + 0.08 * h)}" width="${f(half * 1.7)}" height="${f(0.02 * h)}" fill="#25282b"/><rect x="${f(x - half * 0.5)}" y="${f(top + 0.02 * h)}" width="${f(half)}" height="${f(0.06 * h)}" fill="#fbf3c9"/><path d="M${f(x - half * 0.7)} ${f(top + 0.02 * h)} L${f(x)} ${f(top - 0.03 * h)} L${f(x + half * 0.7)} ${f(top + 0.02 * h)} Z" fill="#7b2f2a"/>`;
  const side = random.chance(0.5) ? 1 : -1;
  const house = `<rect x="${f(x + side * 0.09 * w - 0.06 * w)}" y="${f(0.57 * h)}" width="${f(0.12 * w)}" height="${f(0.09 * h)}" fill="#e6e1d5"/><path d="M${f(x + side * 0.09 * w - 0.07 * w)} ${f(0.57 * h)} L${f(x + side * 0.09 * w)} ${f(0.5 * h)} L${f(x + side * 0.09 * w + 0.07 * w)} ${f(0.57 * h)} Z" fill="#6a3730"/>`;
  return rock + tower + lamp + house;
}

function street(w: number, h: number, random: Random): string {
  const ground = 0.74 * h;
  let houses = '';
  for (let x = -0.04 * w; x < w;) {
    const width = random.between(0.14, 0.25) * w;
    const top = random.between(0.2, 0.46) * h;
    houses += `<rect x="${f(x)}" y="${f(top)}" width="${f(width)}" height="${f(ground - top)}" fill="${random.pick(['#8d5f4c', '#b9ab92', '#77807f', '#a48c6b', '#6d5a55'])}"/>`;
    houses += random.chance(0.5)
      ? `<rect x="${f(x - 0.006 * w)}" y="${f(top - 0.03 * h)}" width="${f(width + 0.012 * w)}" height="${f(0.035 * h)}" fill="#3d3a36"/>`
      : `<path d="M${f(x)} ${f(top)} L${f(x + width / 2)} ${f(top - 0.13 * h)} L${f(x + width)} ${f(top)} Z" fill="#4d4641"/>`;
    const columns = random.int(2, 4);
    for (let row = top + 0.06 * h; row < ground - 0.24 * h; row += 0.13 * h) {
      for (let i = 0; i < columns; i++) {
        houses += `<rect x="${f(x + ((i + 0.28) / columns) * width)}" y="${f(row)}" width="${f((width / columns) * 0.46)}" height="${f(0.075 * h)}" fill="${random.chance(0.25) ? '#efe3b6' : '#27313a'}"/>`;
      }
    }
    houses += `<rect x="${f(x + width * 0.08)}" y="${f(ground - 0.17 * h)}" width="${f(width * 0.84)}" height="${f(0.17 * h)}" fill="#2b2f31"/><rect x="${f(x + width * 0.05)}" y="${f(ground - 0.19 * h)}" width="${f(width * 0.9)}" height="${f(0.04 * h)}" fill="${random.pick(['#c9c2ad', '#7b2f2a', '#30503f'])}"/>`;
    x += width;
  }
  let people = '';
  for (let i = random.int(4, 9); i > 0; i--)
    people += figure(
      random.between(0.05, 0.95) * w,
      (0.78 + random.between(0, 0.12)) * h,
      random.between(0.12, 0.19) * h,
      random,
    );
  return `${houses}<rect y="${f(ground)}" width="${f(w)}" height="${f(h)}" fill="#8a857b"/><path d="M0 ${f(0.83 * h)} H${f(w)}" stroke="#c9c5bb" stroke-width="${f(0.008 * h)}"/>${people}`;
}

/** Somebody standing, feet at `y`. */
function figure(x: number, y: number, size: number, random: Random): string {
  const coat = random.pick(['#23262b', '#5b2d2a', '#e6e0d2', '#31465a', '#46503c']);
  return `<ellipse cx="${f(x)}" cy="${f(y)}" rx="${f(size * 0.2)}" ry="${f(size * 0.035)}" fill="#000" opacity="0.3"/><path d="M${f(x - size * 0.1)} ${f(y)} L${f(x - size * 0.15)} ${f(y - size * 0.72)} Q${f(x)} ${f(y - size * 0.86)} ${f(x + size * 0.15)} ${f(y - size * 0.72)} L${f(x + size * 0.1)} ${f(y)} Z" fill="${coat}"/><circle cx="${f(x)}" cy="${f(y - size * 0.88)}" r="${f(size * 0.095)}" fill="#c69c7d"/>${random.chance(0.6) ? `<path d="M${f(x - size * 0.13)} ${f(y - size * 0.92)} H${f(x + size * 0.13)} L${f(x + size * 0.07)} ${f(y - size * 1.02)} H${f(x - size * 0.07)} Z" fill="#2b2724"/>` : ''}`;
}

function bridge(w: number, h: number, random: Random): string {
  const deck = 0.5 * h;
  const spans = random.int(3, 5);
  let all = `<rect y="${f(deck)}" width="${f(w)}" height="${f(0.03 * h)}" fill="#2f2d2a"/>`;
  for (let i = 0; i <= spans; i++)
    all += `<path d="M${f((i / spans) * w - 0.016 * w)} ${f(deck)} L${f((i / spans) * w - 0.024 * w)} ${f(0.84 * h)} H${f((i / spans) * w + 0.024 * w)} L${f((i / spans) * w + 0.016 * w)} ${f(deck)} Z" fill="#5d5850"/>`;
  for (let i = 0; i < spans; i++) {
    const left = (i / spans) * w;
    const width = w / spans;
    let truss = `M${f(left)} ${f(deck)} L${f(left + width * 0.14)} ${f(deck - 0.17 * h)} H${f(left + width * 0.86)} L${f(left + width)} ${f(deck)}`;
    for (let bay = 1; bay < 6; bay++)
      truss += ` M${f(left + (width * bay) / 6)} ${f(deck)} V${f(deck - 0.16 * h)} L${f(left + (width * (bay + (bay < 3 ? 1 : -1))) / 6)} ${f(deck)}`;
    all += `<path d="${truss}" stroke="#332f2b" stroke-width="${f(0.009 * w)}" fill="none"/>`;
  }
  return all + (random.chance(0.6) ? figure(random.between(0.2, 0.8) * w, deck, 0.11 * h, random) : '');
}

function mill(w: number, h: number, random: Random): string {
  let all = `<rect y="${f(0.72 * h)}" width="${f(w)}" height="${f(h)}" fill="#76705f"/>`;
  const stack = random.between(0.55, 0.75) * w;
  for (let i = 0; i < 14; i++) {
    const drift = i / 14;
    all += `<circle cx="${f(stack + 0.02 * w - drift * 0.34 * w)}" cy="${f(0.17 * h - drift * 0.1 * h + random.between(-0.02, 0.02) * h)}" r="${f((0.02 + 0.05 * drift) * w)}" fill="#e4e2dd" opacity="0.4"/>`;
  }
  all += `<rect x="${f(stack)}" y="${f(0.18 * h)}" width="${f(0.035 * w)}" height="${f(0.5 * h)}" fill="#4a3f39"/>`;
  for (let i = 0, x = 0.06 * w; i < 3; i++) {
    const width = random.between(0.22, 0.3) * w;
    const top = random.between(0.42, 0.52) * h;
    all += `<path d="M${f(x)} ${f(0.76 * h)} V${f(top)} L${f(x + width / 2)} ${f(top - 0.1 * h)} L${f(x + width)} ${f(top)} V${f(0.76 * h)} Z" fill="${random.pick(['#7b6a58', '#8f8578', '#665a50'])}"/>`;
    for (let pane = 0; pane < 5; pane++)
      all += `<rect x="${f(x + ((pane + 0.25) / 5) * width)}" y="${f(top + 0.07 * h)}" width="${f(width * 0.1)}" height="${f(0.09 * h)}" fill="#23292c"/>`;
    x += width * 0.96;
  }
  for (let i = 0; i < 16; i++) {
    const x = random.between(0, 0.9) * w;
    const y = random.between(0.77, 0.81) * h;
    all += `<rect x="${f(x)}" y="${f(y)}" width="${f(0.13 * w)}" height="${f(0.02 * h)}" rx="${f(0.008 * h)}" fill="${random.pick(['#b59a72', '#9c8058', '#c7ae87'])}"/>`;
  }
  return all;
}

function orchard(light: Light, w: number, h: number, random: Random): string {
  let all = `<rect y="${f(0.42 * h)}" width="${f(w)}" height="${f(h)}" fill="${light.ground}"/>`;
  for (let row = 0; row < 7; row++) {
    const depth = (row + 1) / 7;
    const y = (0.42 + 0.5 * depth ** 1.5) * h;
    const size = (0.05 + 0.13 * depth) * w;
    for (let x = -size * random.next(); x < w + size; x += size * 1.12) {
      all += `<rect x="${f(x - size * 0.04)}" y="${f(y - size * 0.2)}" width="${f(size * 0.08)}" height="${f(size * 0.32)}" fill="#4a3b2c"/>`;
      for (let leaf = 0; leaf < 9; leaf++) {
        all += `<circle cx="${f(x + random.between(-0.3, 0.3) * size)}" cy="${f(y - size * (0.45 + random.between(-0.22, 0.22)))}" r="${f(size * random.between(0.12, 0.22))}" fill="${random.pick(['#4d6a3a', '#5f7d45', '#3d5630', '#6d8a50'])}"/>`;
      }
      for (let fruit = 0; fruit < 4; fruit++)
        all += `<circle cx="${f(x + random.between(-0.35, 0.35) * size)}" cy="${f(y - size * random.between(0.25, 0.7))}" r="${f(size * 0.03)}" fill="#c2473a"/>`;
    }
  }
  return all;
}

function ballfield(light: Light, w: number, h: number, random: Random): string {
  let crowd = `<rect y="${f(0.3 * h)}" width="${f(w)}" height="${f(0.2 * h)}" fill="#4c4a46"/>`;
  for (let i = 0; i < 420; i++)
    crowd += `<circle cx="${f(random.between(0, w))}" cy="${f(random.between(0.31, 0.48) * h)}" r="${f(random.between(0.006, 0.011) * w)}" fill="${random.pick(['#d8b99c', '#23262b', '#e9e6dc', '#7b2f2a', '#39506a'])}"/>`;
  let all = `${crowd}<rect y="${f(0.49 * h)}" width="${f(w)}" height="${f(0.05 * h)}" fill="#2f4638"/><rect y="${f(0.54 * h)}" width="${f(w)}" height="${f(h)}" fill="${light.ground}"/>`;
  all += `<path d="M${f(0.5 * w)} ${f(0.58 * h)} L${f(0.98 * w)} ${f(0.8 * h)} L${f(0.5 * w)} ${f(1.1 * h)} L${f(0.02 * w)} ${f(0.8 * h)} Z" fill="#b39a72"/><path d="M${f(0.5 * w)} ${f(0.63 * h)} L${f(0.84 * w)} ${f(0.8 * h)} L${f(0.5 * w)} ${f(h)} L${f(0.16 * w)} ${f(0.8 * h)} Z" fill="${light.ground}"/>`;
  for (let i = random.int(4, 6); i > 0; i--)
    all += figure(random.between(0.12, 0.88) * w, random.between(0.66, 0.95) * h, random.between(0.2, 0.3) * h, random);
  return all;
}

function stage(w: number, h: number, random: Random): string {
  let all = `<defs><radialGradient id="l" cx="0.5" cy="0.4" r="0.6"><stop offset="0" stop-color="#f0d9a4"/><stop offset="1" stop-color="#3a2c28"/></radialGradient></defs><rect width="${f(w)}" height="${f(h)}" fill="url(#l)"/><rect y="${f(0.66 * h)}" width="${f(w)}" height="${f(0.08 * h)}" fill="#7a5a3c"/>`;
  for (let i = 0; i < 7; i++) {
    for (const side of [0, 1]) {
      const x = side === 0 ? (i * 0.03 - 0.01) * w : w - (i * 0.03 + 0.02) * w;
      all += `<rect x="${f(x)}" width="${f(0.028 * w)}" height="${f(0.7 * h)}" fill="${i % 2 === 0 ? '#6d2226' : '#4f181c'}"/>`;
    }
  }
  for (let i = 0, count = random.int(7, 11); i < count; i++)
    all += figure(
      (0.26 + (0.48 * i) / (count - 1)) * w,
      (0.66 + random.between(-0.01, 0.02)) * h,
      random.between(0.26, 0.33) * h,
      random,
    );
  for (let i = 0; i < 60; i++)
    all += `<circle cx="${f(random.between(0, w))}" cy="${f(random.between(0.82, 1.02) * h)}" r="${f(random.between(0.022, 0.032) * w)}" fill="${random.pick(['#1c1715', '#2b2320', '#38302b'])}"/>`;
  return all;
}

function portrait(w: number, h: number, random: Random): string {
  const x = w / 2;
  const skin = random.pick(['#d9b08c', '#c6936c', '#a9744f', '#e3c1a2', '#8a5a3c']);
  const hair = random.pick(['#2b2220', '#5a4633', '#8d8a86', '#d8d4cc', '#3a2a20']);
  const coat = random.pick(['#24292f', '#4b3b33', '#37475a', '#574a3a']);
  const back = random.pick(['#9a948a', '#7d878c', '#b3aa9a']);
  const u = Math.min(w, h * 0.8);
  const y = 0.42 * h;
  const head = `<ellipse cx="${f(x)}" cy="${f(y)}" rx="${f(u * 0.17)}" ry="${f(u * 0.22)}" fill="${skin}"/>`;
  const long = random.chance(0.45);
  const behind = long
    ? `<path d="M${f(x - u * 0.22)} ${f(y + u * 0.28)} C${f(x - u * 0.3)} ${f(y - u * 0.34)} ${f(x + u * 0.3)} ${f(y - u * 0.34)} ${f(x + u * 0.22)} ${f(y + u * 0.28)} Z" fill="${hair}"/>`
    : '';
  const top = `<path d="M${f(x - u * 0.185)} ${f(y - u * 0.02)} C${f(x - u * 0.21)} ${f(y - u * 0.3)} ${f(x + u * 0.21)} ${f(y - u * 0.3)} ${f(x + u * 0.185)} ${f(y - u * 0.02)} C${f(x + u * 0.14)} ${f(y - u * 0.15)} ${f(x - u * 0.05)} ${f(y - u * 0.17)} ${f(x - u * 0.185)} ${f(y - u * 0.02)} Z" fill="${hair}"/>`;
  const shade = `<path d="M${f(x + u * 0.03)} ${f(y - u * 0.2)} C${f(x + u * 0.2)} ${f(y - u * 0.15)} ${f(x + u * 0.18)} ${f(y + u * 0.16)} ${f(x + u * 0.02)} ${f(y + u * 0.22)} C${f(x + u * 0.12)} ${f(y + u * 0.08)} ${f(x + u * 0.12)} ${f(y - u * 0.1)} ${f(x + u * 0.03)} ${f(y - u * 0.2)} Z" fill="#000" opacity="0.16"/>`;
  const eye = (side: number): string =>
    `<path d="M${f(x + side * u * 0.075 - u * 0.04)} ${f(y - u * 0.05)} q${f(u * 0.04)} ${f(-u * 0.025)} ${f(u * 0.08)} 0" stroke="${hair}" stroke-width="${f(u * 0.014)}" fill="none"/><ellipse cx="${f(x + side * u * 0.075)}" cy="${f(y - u * 0.012)}" rx="${f(u * 0.025)}" ry="${f(u * 0.014)}" fill="#231d1a"/>`;
  const face = `${eye(-1)}${eye(1)}<path d="M${f(x)} ${f(y - u * 0.01)} l${f(-u * 0.02)} ${f(u * 0.075)} l${f(u * 0.035)} 0" stroke="#000" stroke-opacity="0.35" stroke-width="${f(u * 0.01)}" fill="none"/><path d="M${f(x - u * 0.055)} ${f(y + u * 0.125)} q${f(u * 0.055)} ${f(u * random.between(0.005, 0.035))} ${f(u * 0.11)} 0" stroke="#5c2f2a" stroke-width="${f(u * 0.016)}" fill="none"/>`;
  const beard =
    !long && random.chance(0.35)
      ? `<path d="M${f(x - u * 0.165)} ${f(y + u * 0.04)} C${f(x - u * 0.16)} ${f(y + u * 0.36)} ${f(x + u * 0.16)} ${f(y + u * 0.36)} ${f(x + u * 0.165)} ${f(y + u * 0.04)} C${f(x + u * 0.08)} ${f(y + u * 0.1)} ${f(x - u * 0.08)} ${f(y + u * 0.1)} ${f(x - u * 0.165)} ${f(y + u * 0.04)} Z" fill="${hair}"/>`
      : '';
  const body = `<path d="M${f(x - u * 0.44)} ${f(h)} C${f(x - u * 0.42)} ${f(y + u * 0.34)} ${f(x - u * 0.12)} ${f(y + u * 0.36)} ${f(x)} ${f(y + u * 0.3)} C${f(x + u * 0.12)} ${f(y + u * 0.36)} ${f(x + u * 0.42)} ${f(y + u * 0.34)} ${f(x + u * 0.44)} ${f(h)} Z" fill="${coat}"/><path d="M${f(x - u * 0.09)} ${f(y + u * 0.3)} L${f(x)} ${f(y + u * 0.5)} L${f(x + u * 0.09)} ${f(y + u * 0.3)} Z" fill="#ece8df"/><rect x="${f(x - u * 0.075)}" y="${f(y + u * 0.14)}" width="${f(u * 0.15)}" height="${f(u * 0.2)}" fill="${skin}"/>`;
  return `<defs><radialGradient id="b" cx="0.4" cy="0.35" r="0.9"><stop offset="0" stop-color="#e2ddd2"/><stop offset="1" stop-color="${back}"/></radialGradient></defs><rect width="${f(w)}" height="${f(h)}" fill="url(#b)"/>${behind}${body}${head}${shade}${beard}${face}${top}`;
}

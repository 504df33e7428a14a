/** Copy of the display advertisements, by trade. All written for these samples; the firms are invented. */
import type { Era } from './gazetteer.js';

export const ICONS = [
  'anchor',
  'boot',
  'cup',
  'tree',
  'house',
  'fish',
  'wheel',
  'bottle',
  'book',
  'star',
  'bell',
  'key',
] as const;
export type Icon = (typeof ICONS)[number];

export interface Trade {
  era?: Era;
  icon: Icon;
  names: readonly string[];
  slogans: readonly string[];
  lines: readonly string[];
}

export const TRADES: readonly Trade[] = [
  {
    icon: 'key',
    names: ['{surname} Hardware', '{surname} & Sons'],
    slogans: ['Nails by the pound', 'If we have not got it, you can do without'],
    lines: [
      'Stoves, ranges and stovepipe',
      'Paint in {n:14-60} colors',
      'Rope, blocks and boat nails',
      'Saws set and sharpened while you wait',
      'Keys cut',
      'Garden tools at winter prices',
    ],
  },
  {
    icon: 'boot',
    names: ['{surname}’s Shoe Store', 'The Boot House'],
    slogans: ['Dry feet or your money back', 'Shoes that walk home'],
    lines: [
      'Ladies’ and children’s shoes',
      'Loggers’ boots, hobbed to order',
      'Half soles ${n:1-18}',
      'Rubber boots in all heights',
      'Mending done by {weekday}',
    ],
  },
  {
    icon: 'cup',
    names: ['The Bay Coffee Room', '{surname}’s Lunch Counter', 'The Blue Kettle'],
    slogans: ['Hot from five o’clock', 'Chowder every day but Monday'],
    lines: [
      'Pie with every dinner',
      'Clam chowder by the bowl or bucket',
      'Rooms above by the night',
      'Tables for ladies',
      'Lunches packed for the boats',
    ],
  },
  {
    icon: 'tree',
    names: ['Nonny Valley Nursery', '{surname} Nursery Company'],
    slogans: ['Plant it once', 'Trees that know the climate'],
    lines: [
      'Apple, pear, plum and quince',
      '{n:12-40} kinds of roses',
      'Berry plants by the hundred',
      'Write for our list',
      'Fruit trees two years old, {n:15-95} cents',
    ],
  },
  {
    icon: 'house',
    names: ['{surname} Land Office', 'Bay View Homes', '{surname} & {surname}'],
    slogans: ['Own the ground you stand on', 'Lots with a view'],
    lines: [
      '{n:5-80} acres near {neighbor}, part cleared',
      'House of {n:5-9} rooms on {street}',
      'Easy terms',
      'Insurance written',
      'Titles searched',
      'Ask to see the plat',
    ],
  },
  {
    icon: 'fish',
    names: ['{surname} Fish Market', 'Merrow Bay Packing Company'],
    slogans: ['Swimming this morning', 'Fresh from the boat'],
    lines: [
      'Salmon, halibut and rock cod',
      'Crabs cooked daily',
      'Smoked fish by mail',
      'Ice',
      'Best price paid at the dock',
    ],
  },
  {
    icon: 'wheel',
    era: 'then',
    names: ['{surname} Livery', 'The Depot Stables', '{surname}, Wagonmaker'],
    slogans: ['Day and night', 'Good rigs, steady horses'],
    lines: [
      'Saddle horses by the hour',
      'Harness made and mended',
      'Wheels set while you wait',
      'Teams to {neighbor} on {weekday}s',
      'Horseshoeing a specialty',
    ],
  },
  {
    icon: 'wheel',
    era: 'now',
    names: ['{surname} Tire & Brake', 'Bay Cycle Works', '{surname} Auto'],
    slogans: ['Honest work, written estimates', 'We show you the old part'],
    lines: [
      'Four tires mounted, ${n:280-640/10}',
      'Brakes, batteries, alignment',
      'Loaner bicycles',
      'Open Saturday until noon',
      'Tow truck day and night',
    ],
  },
  {
    icon: 'bottle',
    names: ['{surname}’s Pharmacy', 'The Corner Drug Store'],
    slogans: ['A doctor’s word, filled with care', 'Open when you need us'],
    lines: [
      'Prescriptions at all hours',
      'Spectacles fitted',
      'Perfume and toilet soap',
      'Candy in boxes',
      'Cameras and films',
      'Cough drops of our own make',
    ],
  },
  {
    icon: 'book',
    names: ['{surname} Books & Paper', 'The Reading Lamp'],
    slogans: ['Something to read by the stove', 'Ink, paper and a chair'],
    lines: [
      'School books bought and sold',
      'Writing paper by the pound',
      'Maps of {county}',
      'New novels on {weekday}',
      'Magazines from the city',
      'Bibles, ledgers, almanacs',
    ],
  },
  {
    icon: 'star',
    names: ['First Bank of {town}', '{county} Savings'],
    slogans: ['Safe since the first dollar', 'Your neighbor’s bank'],
    lines: [
      'Deposits taken from one dollar',
      'Interest at {n:2-4} percent',
      'Boxes for papers and silver',
      'Loans on land and boats',
      'Drafts on all cities',
    ],
  },
  {
    icon: 'bell',
    names: ['{surname} Music House', 'Bayside Piano Company'],
    slogans: ['A song in every parlor', 'Tuned before it leaves the shop'],
    lines: ['Pianos and organs on easy terms', 'Sheet music', 'Violins strung', 'Band instruments', 'Lessons arranged'],
  },
  {
    icon: 'anchor',
    names: ['{surname} Boat Works', 'The Merrow Bay Line', 'Lower Dock Chandlery'],
    slogans: ['Built to come home', 'Tight seams, fair lines'],
    lines: [
      'Skiffs and gill-net boats to order',
      'Engines installed',
      'Hauling and caulking',
      'Leaves {weekday} and {weekday} on the tide',
      'Freight taken for {neighbor}',
      'Oars, paint, tarred line',
    ],
  },
  {
    icon: 'cup',
    names: ['{surname}’s Bakery', 'Spruce Street Bread'],
    slogans: ['Warm at six', 'Four flours and no hurry'],
    lines: [
      'Rye, white and graham',
      'Wedding cakes',
      'Rolls by the dozen',
      'Doughnuts on {weekday}',
      'Yesterday’s loaves at half price',
    ],
  },
  {
    icon: 'house',
    names: ['The Bay Hotel', '{surname} House'],
    slogans: ['Every room a window', 'Facing the water'],
    lines: [
      'Baths on each floor',
      'Sample room for travelers',
      'Sunday dinner from one until three',
      'Stage leaves from the door',
      'Rates by the week',
    ],
  },
  {
    icon: 'star',
    names: ['{surname} Dry Goods', 'The Fair Store'],
    slogans: ['One price to all', 'See our windows'],
    lines: [
      'Wool blankets, ${n:3-80} the pair',
      'Percale, gingham, flannel',
      'Coats for the rain',
      'Buttons, thread and yarn',
      'Remnants on the back table',
      'Hats trimmed to order',
    ],
  },
  {
    icon: 'key',
    era: 'now',
    names: ['Bay Dental Group', '{surname} Eye Care', 'Landing Veterinary'],
    slogans: ['New patients welcome', 'Evening hours on {weekday}'],
    lines: [
      'Same-day appointments',
      'Most plans accepted',
      'Children and nervous adults',
      'On {street}, beside the bank',
      'House calls by arrangement',
    ],
  },
  {
    icon: 'bell',
    era: 'then',
    names: ['Dr. {surname}, Dentist', '{surname}, Photographer', '{surname}, Attorney at Law'],
    slogans: ['Over the bank', 'Work promised when it is promised'],
    lines: [
      'Office hours nine to four',
      'Calls answered day or night',
      'Cabinet pictures a specialty',
      'Terms moderate',
      'On {street}, up one flight',
    ],
  },
  {
    icon: 'tree',
    names: ['{surname} Feed & Seed', 'The Farmers’ Store'],
    slogans: ['What the ground wants', 'Weighed in front of you'],
    lines: [
      'Oats, bran and middlings',
      'Clover and vetch seed',
      'Fence wire',
      'Chick feed',
      'Eggs and butter taken in trade',
      'Salt by the block',
    ],
  },
  {
    icon: 'fish',
    era: 'now',
    names: ['Tidewell Kayak Tours', 'Heron Meadow Yoga', 'The Net Loft Gallery'],
    slogans: ['Come early, stay dry', 'Small groups, long views'],
    lines: ['Daily in season', 'Gift cards', 'Rentals by the hour', 'Classes begin {weekday}', 'Locals pay half'],
  },
];

export const ADDRESS_LINES: readonly string[] = [
  '{street}, {town}',
  'Corner of {street}',
  '{street}, opposite {place}',
  '{n:2-380} {street}',
  'At the foot of {street}',
];

/** The invented places and people of the samples. Any likeness to a real town, paper or person is chance. */

/** `then`: a weekly of about 1910; `now`: a tabloid of our own days. It decides manners, money and machines. */
export type Era = 'then' | 'now';

/** What the stories of one paper may name. */
export interface Gazetteer {
  era: Era;
  town: string;
  county: string;
  state: string;
  /** The water that the town lies on. */
  water: string;
  neighbors: readonly string[];
  streets: readonly string[];
  places: readonly string[];
  orgs: readonly string[];
  boats: readonly string[];
  teams: readonly string[];
}

export const ALDER_LANDING: Gazetteer = {
  era: 'now',
  town: 'Alder Landing',
  county: 'Harlow County',
  state: 'Oregon',
  water: 'Merrow Bay',
  neighbors: ['Fern Gap', 'Coble', 'Sandry', 'Port Merrow', 'Tidewell', 'Upper Nonny', 'Kettle Creek', 'Drift Harbor'],
  streets: ['Spruce Street', 'Front Street', 'Cannery Road', 'Marlin Avenue', 'Old Mill Road', 'Third Street', 'Hemlock Way', 'Ferry Street', 'Bluff Road', 'Quarry Lane'],
  places: ['the boat house', 'the Lantern Theater', 'the old cannery', 'the fair pavilion', 'the armory', 'the Grange hall', 'the public library', 'the Spruce Street school', 'the ferry office', 'the community center', 'the depot museum', 'the net loft'],
  orgs: ['the Harbor Commission', 'the Friends of the Library', 'the Alder Landing Rotary Club', 'the Merrow Bay Watershed Council', 'the chamber of commerce', 'the volunteer fire district', 'the parks committee', 'the Harlow County Historical Society'],
  boats: ['Griselda', 'Second Wind', 'Miss Coble', 'North Light', 'Little Heron', 'Ruth Ann', 'Tern', 'Bay Rambler'],
  teams: ['Otters', 'Fern Gap Loggers', 'Coble Herons', 'Sandry Rams', 'Tidewell Pilots', 'Drift Harbor Gulls', 'Nonny Valley Elk', 'Kettle Creek Miners'],
};

export const PORT_MERROW: Gazetteer = {
  era: 'then',
  town: 'Port Merrow',
  county: 'Harlow County',
  state: 'Oregon',
  water: 'Merrow Bay',
  neighbors: ['Alder Landing', 'Coble', 'Sandry', 'Fern Gap', 'Tidewell', 'Upper Nonny', 'Kettle Creek', 'Lassiter'],
  streets: ['Water Street', 'Commercial Street', 'Wharf Street', 'Court Street', 'the plank road', 'Second Street', 'Chestnut Street', 'Depot Street', 'Bridge Street', 'the bay road'],
  places: ['the opera house', 'the customs house', 'the Grange hall', 'the Congregational church', 'the pavilion', 'the creamery', 'the Bay Hotel', 'the court house', 'the brick school', 'the net house', 'the Odd Fellows’ hall', 'the depot'],
  orgs: ['the Commercial Club', 'the Ladies’ Aid Society', 'the Merrow Bay Grange', 'the hose company', 'the Board of Trade', 'the Chautauqua circle', 'the Port Merrow Cornet Band', 'the Good Roads Association'],
  boats: ['Della May', 'Western Home', 'Sea Otter', 'Gleaner', 'Emma Hadley', 'Argonaut', 'Rosalie', 'Tidewater'],
  teams: ['Port Merrow', 'Coble', 'Sandry', 'Fern Gap', 'Tidewell', 'Lassiter', 'Upper Nonny', 'Kettle Creek'],
};

export const SURNAMES = [
  'Abernathy', 'Aldous', 'Barrow', 'Beckwith', 'Bellamy', 'Birdsall', 'Bristow', 'Calloway', 'Carver', 'Chilcott', 'Corliss', 'Dalgren', 'Danforth',
  'Delacroix', 'Dunmore', 'Eastlake', 'Ellery', 'Fairweather', 'Farrow', 'Fenwick', 'Gallatin', 'Garrity', 'Gilchrist', 'Goss', 'Hadley', 'Halloran',
  'Haverty', 'Hollister', 'Iverson', 'Jessup', 'Kallio', 'Kearns', 'Kimura', 'Lamprey', 'Larkin', 'Lindqvist', 'Lovell', 'Macready', 'Marchetti', 'Merriam',
  'Moffat', 'Nakai', 'Nordahl', 'Oakes', 'Okafor', 'Osgood', 'Paltrow', 'Pemberton', 'Pettibone', 'Quill', 'Radcliffe', 'Redfern', 'Renfrew', 'Rostad',
  'Salazar', 'Sandoval', 'Sedgwick', 'Sorensen', 'Stanhope', 'Tarrant', 'Thackeray', 'Thorne', 'Tolliver', 'Underhill', 'Vance', 'Wainwright', 'Waverly',
  'Whitlock', 'Winslow', 'Yarrow', 'Youngquist', 'Zimmer',
] as const;

export const GIVEN_NAMES: Record<Era, { men: readonly string[]; women: readonly string[] }> = {
  then: {
    men: ['Albert', 'Amos', 'Charles', 'Clarence', 'Edwin', 'Elmer', 'Ezra', 'Frank', 'George', 'Henry', 'Herbert', 'Homer', 'Jasper', 'John', 'Luther', 'Martin', 'Nels', 'Oscar', 'Peter', 'Silas', 'Thomas', 'Walter', 'William'],
    women: ['Ada', 'Alice', 'Bertha', 'Clara', 'Cora', 'Edith', 'Effie', 'Emma', 'Flora', 'Grace', 'Hattie', 'Ida', 'Lena', 'Lillian', 'Mabel', 'Minnie', 'Nora', 'Ruth', 'Viola'],
  },
  now: {
    men: ['Aaron', 'Andre', 'Ben', 'Carlos', 'Curtis', 'Darren', 'Diego', 'Emmett', 'Glenn', 'Hiro', 'Jared', 'Kenji', 'Leo', 'Marcus', 'Miles', 'Owen', 'Paul', 'Ravi', 'Russell', 'Sam', 'Tomas', 'Wes'],
    women: ['Alma', 'Anita', 'Bridget', 'Carol', 'Dana', 'Elena', 'Frances', 'Gwen', 'Helen', 'Imani', 'Joyce', 'Kayla', 'Lorna', 'Marisol', 'Nadia', 'Paige', 'Robin', 'Sofia', 'Tess', 'Vera', 'Wendy', 'Yuki'],
  },
};

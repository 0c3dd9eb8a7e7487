/**
 * The tables of a project file. What is here is never edited once released: a later version adds a migration.
 *
 *   image       a file in the image folder. Its state and split are the user's; everything else is what a scan found.
 *   class       what objects are. Ids are explicit, exported as they are, and never given twice.
 *   annotation  an object in an image, or a model's proposal of one.
 *   rejection   where somebody has said that there is no object of a class (version 2).
 *   removed     images that the user has taken out of the project; their files may still lie in the folder (version 4).
 *   step        what can be undone and redone, oldest first.
 *   *_before    the rows that a step changed, as they were on its other side (see history.ts).
 *
 * References are checked when a transaction ends, so that undoing may put rows back in any order.
 */
export const VERSION_1 = `
CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE image (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  path       TEXT NOT NULL UNIQUE,             -- relative to the image folder, forward slashes
  name_key   TEXT NOT NULL,                    -- the path as searched: lower case, composed characters
  bytes      INTEGER,                          -- size and time of the file when it was last read; NULL: never
  modified   REAL,                             -- ms since 1970
  hash       BLOB,                             -- of the file's bytes
  width      INTEGER NOT NULL DEFAULT 0,       -- px as displayed; 0: not known
  height     INTEGER NOT NULL DEFAULT 0,
  error      TEXT,                             -- why it cannot be shown: gone, truncated, no image
  state      TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'in-progress', 'done', 'ignored')),
  split      TEXT CHECK (split IN ('train', 'val', 'test')),
  drawn      INTEGER NOT NULL DEFAULT 0,       -- annotations by their source, counted by triggers
  imported   INTEGER NOT NULL DEFAULT 0,
  proposed   INTEGER NOT NULL DEFAULT 0,
  accepted   INTEGER NOT NULL DEFAULT 0,
  labels     INTEGER NOT NULL AS (drawn + imported + accepted)
) STRICT;
CREATE INDEX image_hash ON image (hash) WHERE hash IS NOT NULL;
CREATE INDEX image_error ON image (path) WHERE error IS NOT NULL;
CREATE INDEX image_decided ON image (state, split);

CREATE TABLE class (
  id        INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id >= 0),
  name      TEXT NOT NULL UNIQUE,
  colour    TEXT NOT NULL,                     -- #rrggbb
  position  INTEGER NOT NULL                   -- order in lists and on the number keys
) STRICT;

CREATE TABLE annotation (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  image_id      INTEGER NOT NULL REFERENCES image DEFERRABLE INITIALLY DEFERRED,
  class_id      INTEGER NOT NULL REFERENCES class DEFERRABLE INITIALLY DEFERRED,
  x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL,    -- image px
  difficult     INTEGER NOT NULL DEFAULT 0,
  crowd         INTEGER NOT NULL DEFAULT 0,
  source        TEXT NOT NULL CHECK (source IN ('drawn', 'imported', 'proposed', 'accepted')),
  model         TEXT,                          -- which proposed it
  score         REAL,
  area          REAL,                          -- px², the mask's, as imported
  segmentation  TEXT,                          -- JSON, as imported
  attributes    TEXT                           -- JSON
) STRICT;
CREATE INDEX annotation_image ON annotation (image_id);
CREATE INDEX annotation_proposed ON annotation (image_id) WHERE source = 'proposed';
CREATE INDEX annotation_class ON annotation (class_id, score, image_id, source);
CREATE INDEX annotation_score ON annotation (score, image_id, source) WHERE score IS NOT NULL;

CREATE TRIGGER annotation_added AFTER INSERT ON annotation BEGIN
  UPDATE image SET
    drawn = drawn + (NEW.source = 'drawn'), imported = imported + (NEW.source = 'imported'),
    proposed = proposed + (NEW.source = 'proposed'), accepted = accepted + (NEW.source = 'accepted')
  WHERE id = NEW.image_id;
END;
CREATE TRIGGER annotation_removed AFTER DELETE ON annotation BEGIN
  UPDATE image SET
    drawn = drawn - (OLD.source = 'drawn'), imported = imported - (OLD.source = 'imported'),
    proposed = proposed - (OLD.source = 'proposed'), accepted = accepted - (OLD.source = 'accepted')
  WHERE id = OLD.image_id;
END;
CREATE TRIGGER annotation_settled AFTER UPDATE OF source ON annotation WHEN OLD.source <> NEW.source BEGIN
  UPDATE image SET
    drawn = drawn + (NEW.source = 'drawn') - (OLD.source = 'drawn'),
    imported = imported + (NEW.source = 'imported') - (OLD.source = 'imported'),
    proposed = proposed + (NEW.source = 'proposed') - (OLD.source = 'proposed'),
    accepted = accepted + (NEW.source = 'accepted') - (OLD.source = 'accepted')
  WHERE id = NEW.image_id;
END;

CREATE TABLE step (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  log    INTEGER NOT NULL UNIQUE,              -- its rows in the *_before tables
  label  TEXT NOT NULL,
  at     TEXT NOT NULL,                        -- for people; the order is that of the ids
  state  TEXT NOT NULL CHECK (state IN ('open', 'done', 'undone'))
) STRICT;

CREATE TABLE image_before (
  log INTEGER NOT NULL, id INTEGER NOT NULL, existed INTEGER NOT NULL,
  state TEXT, split TEXT,
  PRIMARY KEY (log, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE class_before (
  log INTEGER NOT NULL, id INTEGER NOT NULL, existed INTEGER NOT NULL,
  name TEXT, colour TEXT, position INTEGER,
  PRIMARY KEY (log, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE annotation_before (
  log INTEGER NOT NULL, id INTEGER NOT NULL, existed INTEGER NOT NULL,
  image_id INTEGER, class_id INTEGER, x1 REAL, y1 REAL, x2 REAL, y2 REAL, difficult INTEGER, crowd INTEGER,
  source TEXT, model TEXT, score REAL, area REAL, segmentation TEXT, attributes TEXT,
  PRIMARY KEY (log, id)
) STRICT, WITHOUT ROWID;
`

export const VERSION_2 = `
CREATE TABLE rejection (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  image_id  INTEGER NOT NULL REFERENCES image DEFERRABLE INITIALLY DEFERRED,
  class_id  INTEGER NOT NULL REFERENCES class DEFERRABLE INITIALLY DEFERRED,
  x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL     -- image px
) STRICT;
CREATE INDEX rejection_image ON rejection (image_id);
CREATE INDEX rejection_class ON rejection (class_id);

CREATE TABLE rejection_before (
  log INTEGER NOT NULL, id INTEGER NOT NULL, existed INTEGER NOT NULL,
  image_id INTEGER, class_id INTEGER, x1 REAL, y1 REAL, x2 REAL, y2 REAL,
  PRIMARY KEY (log, id)
) STRICT, WITHOUT ROWID;
`

/** Paths also as people sort them. The keys of the rows that are there are written by the migration. */
export const VERSION_3 = `
ALTER TABLE image ADD COLUMN sort_key TEXT NOT NULL DEFAULT '';  -- the path as sorted (core/project/natural-order)
DROP INDEX image_error;
CREATE INDEX image_order ON image (sort_key, path);
CREATE INDEX image_error ON image (sort_key, path) WHERE error IS NOT NULL;
`

/**
 * Files of one size and time that exchange their names differ in the time of the renaming alone.
 *
 * A row of removed that comes takes its image along, a row that goes brings it back: a step records the ids alone. Annotations are
 * removed and restored by the step itself.
 */
export const VERSION_4 = `
ALTER TABLE image ADD COLUMN changed REAL;       -- ms since 1970 that the file was last changed or renamed; NULL: not known

CREATE TABLE removed (
  id         INTEGER PRIMARY KEY,              -- of the image, which gets it again
  path       TEXT,                             -- the rest as the image had it
  name_key   TEXT, sort_key TEXT, bytes INTEGER, modified REAL, hash BLOB,
  width      INTEGER, height INTEGER, error TEXT, state TEXT, split TEXT
) STRICT;

CREATE TRIGGER image_removed AFTER INSERT ON removed BEGIN
  UPDATE removed SET (path, name_key, sort_key, bytes, modified, hash, width, height, error, state, split)
    = (SELECT path, name_key, sort_key, bytes, modified, hash, width, height, error, state, split FROM image WHERE image.id = NEW.id)
    WHERE id = NEW.id;
  DELETE FROM image WHERE id = NEW.id;
END;
CREATE TRIGGER image_restored AFTER DELETE ON removed BEGIN
  INSERT INTO image (id, path, name_key, sort_key, bytes, modified, hash, width, height, error, state, split)
    VALUES (OLD.id, OLD.path, OLD.name_key, OLD.sort_key, OLD.bytes, OLD.modified, OLD.hash, OLD.width, OLD.height, OLD.error, OLD.state, OLD.split);
END;

CREATE TABLE removed_before (
  log INTEGER NOT NULL, id INTEGER NOT NULL, existed INTEGER NOT NULL,
  PRIMARY KEY (log, id)
) STRICT, WITHOUT ROWID;
`

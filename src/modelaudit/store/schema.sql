-- Layout of an audit database. Times are UTC seconds; digests are raw bytes; small integers that
-- stand for words are spelled out by the views at the end and by the table "word".

CREATE TABLE word (          -- the published words behind the codes
  kind TEXT NOT NULL, code INTEGER NOT NULL, word TEXT NOT NULL,
  PRIMARY KEY (kind, code)
) WITHOUT ROWID;

CREATE TABLE node (          -- every model, dataset, digest or label that anything names
  id INTEGER PRIMARY KEY,
  ref TEXT NOT NULL,
  -- ids of platforms ignore case, paths do not; the same rule as domain.refs.key
  key TEXT GENERATED ALWAYS AS
    (CASE WHEN substr(ref, 1, 7) = 'folder:' THEN ref ELSE lower(ref) END) VIRTUAL,
  same INTEGER REFERENCES node(id),   -- another name of that node
  stable_id TEXT,                     -- the platform's key that survives renames
  author TEXT,                        -- where the reference does not say
  title TEXT,
  kind TEXT,
  status INTEGER NOT NULL DEFAULT 0,
  created INTEGER,
  modified INTEGER,
  revision BLOB,
  parameters INTEGER,
  traits INTEGER NOT NULL DEFAULT 0,
  record INTEGER,                     -- digest of the listing: equal means nothing to do
  detailed INTEGER                    -- when its own pages were last read
);
CREATE UNIQUE INDEX node_key ON node(key);
CREATE INDEX node_stable_id ON node(stable_id) WHERE stable_id IS NOT NULL;
CREATE INDEX node_same ON node(same) WHERE same IS NOT NULL;

CREATE TABLE popularity (    -- apart, because it changes daily and nothing else does
  node INTEGER PRIMARY KEY REFERENCES node(id),
  downloads INTEGER,
  likes INTEGER
);

CREATE TABLE file (          -- weight files
  node INTEGER NOT NULL REFERENCES node(id),
  path TEXT NOT NULL,
  sha256 BLOB,               -- NULL while nobody told or computed it
  size INTEGER,
  component INTEGER,
  autov1 TEXT, autov3 TEXT, blake3 TEXT, crc32 TEXT,
  etag TEXT,                 -- what changes when the bytes do, where there is no digest
  observed INTEGER NOT NULL, -- when the model was first seen with it
  header INTEGER,            -- when its header was asked for
  head BLOB REFERENCES head(key),
  weighed BLOB,              -- key of what comparing these bytes showed
  library BLOB,              -- digest of the references its claims come from; empty: not known
  -- where "-00002-of-00003." of a shard would begin: at the last "-of-"
  shard_at INTEGER GENERATED ALWAYS AS
    (length(replace(rtrim(replace(path, '-of-', char(1)), replace(path, '-of-', '')),
                    char(1), '-of-')) - 9) VIRTUAL,
  -- of a shard, the name of the first one
  shard_of TEXT GENERATED ALWAYS AS
    (CASE WHEN instr(path, '-of-') AND substr(path, shard_at, 16) GLOB
               '-[0-9][0-9][0-9][0-9][0-9]-of-[0-9][0-9][0-9][0-9][0-9].'
          THEN substr(path, 1, shard_at) || '00001' || substr(path, shard_at + 6) END) VIRTUAL,
  PRIMARY KEY (node, path)
) WITHOUT ROWID;
CREATE INDEX file_sha256 ON file(sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX file_head ON file(head) WHERE head IS NOT NULL;
CREATE INDEX file_weighed ON file(weighed) WHERE weighed IS NOT NULL;
CREATE INDEX file_shards ON file(node, shard_of) WHERE shard_of IS NOT NULL;

-- The first shard stands for all of them: what was found of it holds while they all stay.
CREATE TRIGGER file_shard_added AFTER INSERT ON file WHEN new.shard_of IS NOT NULL
BEGIN
  UPDATE file SET weighed = NULL WHERE node = new.node AND path = new.shard_of;
END;
CREATE TRIGGER file_shard_gone AFTER DELETE ON file WHEN old.shard_of IS NOT NULL
BEGIN
  UPDATE file SET weighed = NULL WHERE node = old.node AND path = old.shard_of;
END;
CREATE TRIGGER file_shard_changed AFTER UPDATE OF sha256, head ON file
WHEN new.shard_of IS NOT NULL AND ifnull(new.head, new.sha256) IS NOT ifnull(old.head, old.sha256)
BEGIN
  UPDATE file SET weighed = NULL WHERE node = new.node AND path = new.shard_of;
END;

CREATE TABLE head (          -- what the head of a weight file says: read once, wherever it lies
  key BLOB PRIMARY KEY,      -- the file's sha256, or a digest of (address, etag, size)
  format TEXT,
  family TEXT,               -- by names and shapes of its tensors; NULL where they decide nothing
  reason TEXT,
  says TEXT,                 -- what its own metadata says, where that is another family
  component INTEGER,
  body TEXT NOT NULL         -- JSON: what is kept of it
) WITHOUT ROWID;

CREATE TABLE content (       -- digests of tensors, part by part: equal means the same weights
  digest BLOB NOT NULL, component INTEGER NOT NULL, head BLOB NOT NULL REFERENCES head(key),
  PRIMARY KEY (digest, component, head)
) WITHOUT ROWID;
CREATE INDEX content_head ON content(head);

CREATE TABLE weighed (       -- what comparing weights showed: once for all who hold these bytes
  key BLOB PRIMARY KEY,      -- of the head of one file, or a digest of the keys of all its shards
  library BLOB NOT NULL,     -- digest of the references; empty where an archive told it
  observed INTEGER NOT NULL,
  kinship INTEGER NOT NULL,  -- the closest found
  body TEXT NOT NULL         -- JSON: every reference that is kin, the nearest, recipe, numbers
) WITHOUT ROWID;

CREATE TABLE origin (        -- where claims are read: interned, few
  id INTEGER PRIMARY KEY,
  extractor TEXT NOT NULL,
  path TEXT NOT NULL,        -- file inside the model, '' for its API record
  locator TEXT NOT NULL,
  UNIQUE (extractor, path, locator)
);

CREATE TABLE claim (         -- child - relation -> parent, clustered by parent for the closure
  parent INTEGER NOT NULL REFERENCES node(id),
  child INTEGER NOT NULL REFERENCES node(id),
  origin INTEGER NOT NULL REFERENCES origin(id),
  relation INTEGER NOT NULL,
  grade INTEGER NOT NULL,
  observed INTEGER NOT NULL,
  component INTEGER,
  weight REAL,
  source TEXT,               -- NULL: the child's own API record
  excerpt TEXT,              -- NULL: the parent's id, as it is
  sample TEXT,               -- JSON: the numbers, of a claim from sampled weights
  PRIMARY KEY (parent, child, origin)
) WITHOUT ROWID;
CREATE INDEX claim_child ON claim(child);

CREATE TABLE gap (           -- what was not examined, and why
  origin TEXT NOT NULL,      -- the source that was listed, or 'details'
  node INTEGER REFERENCES node(id),
  file TEXT,
  reason INTEGER NOT NULL,
  detail TEXT NOT NULL,
  count INTEGER NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX gap_once ON gap(origin, ifnull(node, 0), ifnull(file, ''), reason, detail);
CREATE INDEX gap_node ON gap(node);

CREATE TABLE setting (       -- facts about this database, such as where its archive ends
  key TEXT PRIMARY KEY, value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE source (        -- how far each source has been listed
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE,
  cursor TEXT,
  listed INTEGER NOT NULL DEFAULT 0,
  started INTEGER,
  finished INTEGER,          -- when it was last listed to its end; NULL while under way
  increment INTEGER NOT NULL DEFAULT 0,  -- 1: only for what is new or changed; 0: a whole sweep
  changes TEXT,              -- the cursor among what was changed
  onward TEXT,               -- the cursor from which a listing finds what is new
  listed_from INTEGER,       -- start of the last pass that came to its end, of either kind
  swept_from INTEGER,        -- and of the last whole sweep
  pages INTEGER NOT NULL DEFAULT 0  -- that it took
);

CREATE TABLE member (        -- which models a source holds
  source INTEGER NOT NULL REFERENCES source(id),
  node INTEGER NOT NULL REFERENCES node(id),
  PRIMARY KEY (source, node)
) WITHOUT ROWID;
CREATE INDEX member_node ON member(node);

CREATE TABLE seen (          -- members met in the sweep under way; empty between sweeps
  source INTEGER NOT NULL, node INTEGER NOT NULL,
  PRIMARY KEY (source, node)
) WITHOUT ROWID;

CREATE TABLE frontier (      -- models whose declared children are still to be asked for
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES source(id),
  node INTEGER NOT NULL REFERENCES node(id),
  cursor TEXT,
  asked INTEGER NOT NULL DEFAULT 0,
  UNIQUE (source, node)
);

CREATE TABLE run (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  series TEXT NOT NULL,      -- sources, standard and list ids: runs that can be compared
  started INTEGER NOT NULL,
  finished INTEGER,
  tool TEXT NOT NULL,
  sources TEXT NOT NULL,     -- JSON
  standard INTEGER NOT NULL,
  depth INTEGER NOT NULL,
  lists TEXT NOT NULL,       -- JSON: id, version, sha256
  entries TEXT NOT NULL DEFAULT '[]',   -- JSON: what the lists say, as of this run
  counters TEXT NOT NULL DEFAULT '{}',  -- JSON: requests, bytes read, …
  coverage TEXT              -- JSON, written when the run finishes
);
CREATE INDEX run_series ON run(series, seq);

CREATE TABLE finding (       -- one row per version of a finding: live from run "since" to "until"
  id INTEGER PRIMARY KEY,
  series TEXT NOT NULL,
  entry TEXT NOT NULL,
  node INTEGER NOT NULL REFERENCES node(id),
  since INTEGER NOT NULL,
  until INTEGER,
  verdict INTEGER NOT NULL,
  grade INTEGER NOT NULL,
  relation INTEGER NOT NULL,
  hops INTEGER NOT NULL,
  decided_by TEXT NOT NULL,
  body TEXT NOT NULL,        -- JSON: path, claims, conflicts, files
  digest BLOB NOT NULL
);
CREATE UNIQUE INDEX finding_live ON finding(series, entry, node) WHERE until IS NULL;
CREATE INDEX finding_runs ON finding(series, since, until);
CREATE INDEX finding_node ON finding(node);

CREATE TABLE conflict (      -- as findings: live from run "since" to "until"
  id INTEGER PRIMARY KEY,
  series TEXT NOT NULL,
  node INTEGER NOT NULL REFERENCES node(id),
  kind INTEGER NOT NULL,
  entry TEXT,
  since INTEGER NOT NULL,
  until INTEGER,
  body TEXT NOT NULL,        -- JSON: claims
  digest BLOB NOT NULL
);
CREATE INDEX conflict_runs ON conflict(series, since, until);

CREATE TABLE gone (          -- findings that are no more
  series TEXT NOT NULL,
  id TEXT NOT NULL,
  reason TEXT NOT NULL,
  first_absent INTEGER NOT NULL,
  confirmed INTEGER,
  since INTEGER NOT NULL,    -- the run that noticed
  until INTEGER,             -- the run that found it again
  PRIMARY KEY (series, id, since)
) WITHOUT ROWID;

CREATE TABLE waiver (        -- decisions of people: added, never changed, ended once
  id INTEGER PRIMARY KEY,
  finding TEXT,              -- what it covers: a finding, or an entry, a model or pattern, or both
  entry TEXT,
  model TEXT,
  decision TEXT NOT NULL,
  reason TEXT NOT NULL,
  author TEXT NOT NULL,
  made TEXT NOT NULL,        -- this and the next: days, YYYY-MM-DD
  until TEXT NOT NULL,
  recorded INTEGER NOT NULL, -- when it was written down here
  since INTEGER NOT NULL,    -- the run from which on reports show it
  file TEXT,                 -- the waivers.toml that last held it
  ended INTEGER,             -- NULL while it is in force or has run out by itself
  till INTEGER,              -- the run from which on reports show it no more
  ended_by TEXT,
  ended_reason TEXT
);

CREATE VIEW models AS
SELECT n.ref, s.word AS status, n.author, n.title, n.kind,
       datetime(n.created, 'unixepoch') AS created, datetime(n.modified, 'unixepoch') AS modified,
       lower(hex(n.revision)) AS revision, p.downloads, p.likes,
       (SELECT ref FROM node WHERE id = n.same) AS same_as
  FROM node AS n
  JOIN word AS s ON s.kind = 'status' AND s.code = n.status
  LEFT JOIN popularity AS p ON p.node = n.id;

CREATE VIEW claims AS
SELECT c.ref AS child, r.word AS relation, p.ref AS parent, g.word AS grade,
       o.extractor, claim.source, o.path, o.locator, claim.excerpt, claim.weight,
       datetime(claim.observed, 'unixepoch') AS observed
  FROM claim
  JOIN node AS c ON c.id = claim.child
  JOIN node AS p ON p.id = claim.parent
  JOIN origin AS o ON o.id = claim.origin
  JOIN word AS r ON r.kind = 'relation' AND r.code = claim.relation
  JOIN word AS g ON g.kind = 'grade' AND g.code = claim.grade;

CREATE VIEW files AS
SELECT n.ref AS model, f.path, f.size, lower(hex(f.sha256)) AS sha256, w.word AS component,
       f.autov1, f.autov3, h.format, h.family
  FROM file AS f
  JOIN node AS n ON n.id = f.node
  LEFT JOIN head AS h ON h.key = f.head
  LEFT JOIN word AS w ON w.kind = 'component' AND w.code = ifnull(f.component, h.component);

CREATE VIEW compared AS      -- weight files that were compared with references, by their values
SELECT n.ref AS model, f.path, json_extract(w.body, '$.family') AS family, k.word AS kinship,
       json_extract(w.body, '$.kin[0].comparison.reference') AS nearest,
       json_extract(w.body, '$.kin[0].comparison.overall.score') AS score,
       json_extract(w.body, '$.references') AS "references",
       datetime(w.observed, 'unixepoch') AS observed, w.body
  FROM weighed AS w
  JOIN file AS f ON f.weighed = w.key
  JOIN node AS n ON n.id = f.node
  JOIN word AS k ON k.kind = 'kinship' AND k.code = w.kinship;

CREATE VIEW findings AS      -- live ones, every series
SELECT f.entry || '/' || n.ref AS id, v.word AS verdict, g.word AS grade, r.word AS relation,
       f.hops, n.ref AS model, f.entry, f.decided_by, f.body, f.series
  FROM finding AS f
  JOIN node AS n ON n.id = f.node
  JOIN word AS v ON v.kind = 'verdict' AND v.code = f.verdict
  JOIN word AS g ON g.kind = 'grade' AND g.code = f.grade
  JOIN word AS r ON r.kind = 'relation' AND r.code = f.relation
 WHERE f.until IS NULL;

CREATE VIEW waivers AS       -- every decision, also those that were ended
SELECT id, finding, entry, model, decision, reason, author, made, until, file,
       datetime(recorded, 'unixepoch') AS recorded, datetime(ended, 'unixepoch') AS ended,
       ended_by, ended_reason
  FROM waiver;

// For every open incident: who last changed that component, with which files, and is that person awake now?
interface Person { name: string; team: string; timezone: string }
interface Incident { id: number; component: string; title: string; severity: number }

// This SQLite server answers rows as Python writes them: quotes differ from JSON's.
const rows = <T>(text: string): T[] => JSON.parse(text.replaceAll("'", '"'));

const [people, incidents, log] = await Promise.all([
  sqlite.read_query({ query: "SELECT name, team, timezone FROM people" }).then(rows<Person>),
  sqlite.read_query({ query: "SELECT id, component, title, severity FROM incidents WHERE closed IS NULL" }).then(rows<Incident>),
  git.git_log({ repo_path: input.repo, max_count: 200 }),
]);

const entry = /Commit: (?<hash>\w+)\nAuthor: (?<author>.+)\nDate: .+\nMessage: (?<component>\w+): (?<message>.+)/g;
const commits = [...log.matchAll(entry)].map((match) => match.groups!);
console.log(`${incidents.length} open incidents, ${commits.length} commits, ${people.length} people`);

const report = [];
for (const incident of incidents.sort((a, b) => b.severity - a.severity)) {
  const last = commits.find((commit) => commit.component === incident.component)!;
  const owner = people.find((person) => person.name === last.author)!;
  const shown = await git.git_show({ repo_path: input.repo, revision: last.hash });
  const files = [...new Set([...shown.matchAll(/^\+\+\+ b?\/?(\S+)/gm)].map((match) => match[1]))];
  report.push({ incident, last, owner, files });
}

const zones = [...new Set(report.map(({ owner }) => owner.timezone))];
const clocks = new Map(await Promise.all(zones.map(async (timezone) =>
  [timezone, await time.get_current_time({ timezone })] as const)));

return report.map(({ incident, last, owner, files }) => {
  const clock = clocks.get(owner.timezone)!;
  const hour = Number(clock.datetime.slice(11, 13));
  return {
    incident: `#${incident.id} ${incident.title} (severity ${incident.severity})`,
    changed: `${last.hash.slice(0, 8)} ${last.message} [${files.join(", ")}]`,
    ask: `${owner.name}, ${owner.team}`,
    local_time: `${clock.day_of_week} ${clock.datetime.slice(11, 16)}, ${owner.timezone}`,
    awake: hour >= 8 && hour < 22,
  };
});

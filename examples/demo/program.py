# For every open incident: who last changed that component, with which files, and is that person awake now?
import asyncio
import json
import re

# This SQLite server answers rows as Python writes them: quotes differ from JSON's.
async def rows(query):
    text = await sqlite.read_query(query=query)
    return json.loads(text.replace("'", '"'))

people, incidents, log = await asyncio.gather(
    rows("SELECT name, team, timezone FROM people"),
    rows("SELECT id, component, title, severity FROM incidents WHERE closed IS NULL"),
    git.git_log(repo_path=input["repo"], max_count=200),
)

entry = r"Commit: (\w+)\nAuthor: (.+)\nDate: .+\nMessage: (\w+): (.+)"
commits = [dict(zip(("hash", "author", "component", "message"), found)) for found in re.findall(entry, log)]
print(f"{len(incidents)} open incidents, {len(commits)} commits, {len(people)} people")

newest = {commit["component"]: commit for commit in reversed(commits)}
persons = {person["name"]: person for person in people}
report = []
for incident in sorted(incidents, key=lambda each: each["severity"], reverse=True):
    last = newest[incident["component"]]
    owner = persons[last["author"]]
    shown = await git.git_show(repo_path=input["repo"], revision=last["hash"])
    files = list(dict.fromkeys(re.findall(r"^\+\+\+ b?/?(\S+)", shown, re.MULTILINE)))
    report.append((incident, last, owner, files))

zones = list(dict.fromkeys(owner["timezone"] for _, _, owner, _ in report))
times = await asyncio.gather(*[time.get_current_time(timezone=zone) for zone in zones])
clocks = dict(zip(zones, times))

answer = []
for incident, last, owner, files in report:
    clock = clocks[owner["timezone"]]
    hour = int(clock["datetime"][11:13])
    answer.append({
        "incident": f"#{incident['id']} {incident['title']} (severity {incident['severity']})",
        "changed": f"{last['hash'][:8]} {last['message']} [{', '.join(files)}]",
        "ask": f"{owner['name']}, {owner['team']}",
        "local_time": f"{clock['day_of_week']} {clock['datetime'][11:16]}, {owner['timezone']}",
        "awake": 8 <= hour < 22,
    })
return answer

import { Button, Select, Skeleton } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Person, PersonOfServer, Role } from "../api/types";
import { ago } from "../kit/format";
import { ProblemNote } from "../kit/ProblemNote";
import { Status } from "../kit/Status";
import { useNow } from "../kit/useNow";
import { decideOnPerson } from "./acts";
import { peopleQuery } from "./queries";
import { BLOCKED, LET_IN, ROLES } from "./words";

const CHOICES = (["viewer", "user", "admin"] as const).map((role) => ({ value: role, label: ROLES[role].word }));

/** Everybody who has signed in, and what each may do. */
export function PeopleTable({ me }: { me: Person }) {
  const people = useQuery(peopleQuery);
  const client = useQueryClient();
  const now = useNow();
  const decide = useMutation({
    mutationFn: ({ person, role, blocked }: { person: string; role: Role; blocked: boolean }) => decideOnPerson(person, { role, blocked }),
    onSettled: () => client.invalidateQueries({ queryKey: peopleQuery.queryKey, exact: true }),
  });
  if (people.isPending) return <Skeleton height={160} />;
  return (
    <section className="panel" aria-labelledby="people-title">
      <header><h2 id="people-title">Everybody who has signed in</h2></header>
      {people.isError && <ProblemNote error={people.error} />}
      {decide.isError && <ProblemNote error={decide.error} />}
      <div className="scrolled" role="region" aria-label="Table of people" tabIndex={0}>
        <table className="sheet">
          <thead><tr><th scope="col">Person</th><th scope="col">Role</th><th scope="col">State</th><th scope="col">Signed in last</th><th scope="col"><span className="sr">Acts</span></th></tr></thead>
          <tbody>
            {people.data?.map((person) => (
              <tr key={person.id}>
                <td className="wrap"><Name person={person} me={me.id} /></td>
                <td><RoleOf person={person} me={me.id} busy={decide.isPending} give={(role) => decide.mutate({ person: person.id, role, blocked: person.blocked })} /></td>
                <td><Status look={person.blocked ? BLOCKED : LET_IN} /></td>
                <td>{ago(Date.parse(person.last_seen), now)}</td>
                <td className="r">
                  {person.id !== me.id && !person.appointed && (
                    <Button variant="subtle" disabled={decide.isPending} onClick={() => decide.mutate({ person: person.id, role: person.role, blocked: !person.blocked })} aria-label={`${person.blocked ? "Let in again" : "Keep out"} ${person.name}`}>
                      {person.blocked ? "Let in again" : "Keep out"}
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="sm faint foot">Who is kept out is signed out at once everywhere, and their tokens are good for nothing; projects stay as they are.</p>
    </section>
  );
}

function Name({ person, me }: { person: PersonOfServer; me: string }) {
  return (
    <span className="person-name">
      <span className="b">{person.name}{person.id === me && " (you)"}</span>
      {person.email && person.email !== person.name && <span className="sm faint">{person.email}</span>}
    </span>
  );
}

function RoleOf({ person, me, busy, give }: { person: PersonOfServer; me: string; busy: boolean; give: (role: Role) => void }) {
  if (person.appointed) return <>{ROLES.admin.word} <span className="sm faint">by the server’s settings</span></>;
  if (person.id === me) return <>{ROLES[person.role].word}</>;
  return <Select aria-label={`Role of ${person.name}`} data={CHOICES} value={person.role} allowDeselect={false} disabled={busy} onChange={(role) => role && give(role)} />;
}

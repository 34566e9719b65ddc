import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { PageSkeleton } from "../app/PageSkeleton";
import { Empty } from "../kit/Empty";
import { AuditTable } from "./AuditTable";
import { PeopleTable } from "./PeopleTable";
import { meQuery } from "./queries";
import "./people.css";

/** Everybody who signs in to this server, and who did what; for administrators. */
export function PeoplePage() {
  const me = useQuery(meQuery).data;
  const [search, setSearch] = useSearchParams();
  const tab = search.get("tab") === "log" ? "log" : "people";
  if (!me) return <PageSkeleton />;
  return (
    <main className="page scroll" id="page">
      <div className="pagehead"><h1>People</h1></div>
      {me.role !== "admin" ? (
        <Empty title="This page is for administrators"><p>Administrators of this server decide here who may come in, and read who did what.</p></Empty>
      ) : (
        <Tabs className="people wide" value={tab} onChange={(to) => setSearch(to === "log" ? { tab: "log" } : {}, { replace: true })} keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="people">People</Tabs.Tab>
            <Tabs.Tab value="log">Log</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="people"><PeopleTable me={me} /></Tabs.Panel>
          <Tabs.Panel value="log"><AuditTable /></Tabs.Panel>
        </Tabs>
      )}
    </main>
  );
}

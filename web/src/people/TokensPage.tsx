import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { PageSkeleton } from "../app/PageSkeleton";
import { ProblemNote } from "../kit/ProblemNote";
import { NewToken } from "./NewToken";
import { tokensQuery } from "./queries";
import { ShownOnce } from "./ShownOnce";
import { TokenTable } from "./TokenTable";
import "./people.css";

/** The tokens by which a person's scripts work. */
export function TokensPage() {
  const tokens = useQuery(tokensQuery);
  const [issued, setIssued] = useState<{ name: string; text: string } | null>(null);
  if (tokens.isPending) return <PageSkeleton />;
  return (
    <main className="page scroll" id="page">
      <div className="pagehead"><h1>API tokens</h1></div>
      <div className="people">
        <p className="dim">A token lets a script work for you: it finds the projects that you find, and may change what you may change. It cannot share or hand over a project, and makes no other tokens.</p>
        {tokens.isError && <ProblemNote error={tokens.error} />}
        {issued && <ShownOnce name={issued.name} text={issued.text} done={() => setIssued(null)} />}
        <NewToken made={setIssued} />
        {tokens.data && tokens.data.length > 0 && <TokenTable tokens={tokens.data} />}
      </div>
    </main>
  );
}

import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { protocolsQuery } from "../../api/queries";
import { Icon } from "../../kit/Icon";
import { ProblemNote } from "../../kit/ProblemNote";
import { FormSkeleton } from "../../inspector/FormSkeleton";
import { useFocused } from "../../kit/useFocused";
import { protocolName } from "../names";
import { byStage, stageIcon, stageWords } from "../stages";
import { useWorkflow } from "../useWorkflow";
import { called, protocolsLike } from "./search";

/** Every protocol, by stage; typing finds one, Enter takes the one that is called so, or else the first. */
export function ChooseProtocol() {
  const [text, setText] = useState("");
  const [, change] = useWorkflow();
  const field = useFocused<HTMLInputElement>();
  const protocols = useQuery(protocolsQuery);
  const found = protocolsLike(protocols.data ?? [], text);
  const groups = byStage(found);
  return (
    <>
      <form
        className="section"
        onSubmit={(event) => {
          event.preventDefault();
          const meant = called(found, text) ?? groups[0]?.members[0];
          if (meant) change({ add: meant.id });
        }}
      >
        <TextInput ref={field} aria-label="Find a protocol" placeholder="Find a protocol, such as CTF" leftSection={<Icon name="search" />} value={text} onChange={(event) => setText(event.currentTarget.value)} />
      </form>
      <div className="body">
        {protocols.isError && <div className="section"><ProblemNote error={protocols.error} /></div>}
        {protocols.isPending && <FormSkeleton />}
        {protocols.data && groups.length === 0 && <p className="nothing">No protocol is like that. Fewer words find more.</p>}
        {groups.map(({ stage, members }) => (
          <section key={stage} className="protocols">
            <h3>{stageWords(stage)}</h3>
            <ul>
              {members.map((protocol) => (
                <li key={protocol.id}>
                  <button type="button" onClick={() => change({ add: protocol.id })}>
                    <Icon name={stageIcon(stage)} />
                    <span>
                      <span className="b">{protocolName(protocol.id)}</span>
                      <span className="sm faint">{protocol.title}</span>
                    </span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </>
  );
}

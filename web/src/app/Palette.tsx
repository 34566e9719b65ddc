import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useMemo, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { projectsQuery, protocolsQuery, runsQuery } from "../api/queries";
import { Icon } from "../kit/Icon";
import { meQuery } from "../people/queries";
import { found, paletteItems, staying, type PaletteItem } from "./paletteItems";
import { useSwitchTheme } from "./useSwitchTheme";

/** Finds projects, runs, protocols and commands by a few letters. */
export default function Palette({ project, close }: { project: string | undefined; close: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const navigate = useNavigate();
  const location = useLocation();
  const items = useItems(project);
  const shown = useMemo(() => found(items, text), [items, text]);
  const chosen = shown[Math.min(at, shown.length - 1)];
  useEffect(() => {
    if (chosen) document.getElementById(`${id}-${chosen.id}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen, id]);
  const run = (item: PaletteItem) => {
    close();
    if (typeof item.act === "string") void navigate(staying(item.act, location));
    else item.act();
  };
  const keys: Record<string, () => void> = {
    ArrowDown: () => setAt(Math.min(shown.length - 1, at + 1)),
    ArrowUp: () => setAt(Math.max(0, at - 1)),
    Enter: () => chosen && run(chosen),
  };
  return (
    <Modal.Root opened onClose={close} padding={0} size={600} yOffset="12vh" transitionProps={{ duration: 100 }}>
      <Modal.Overlay />
      <Modal.Content className="palette" aria-label="Find runs and commands">
        <div className="palette-field">
          <Icon name="search" />
          <input
            type="text"
            data-autofocus
            role="combobox"
            aria-expanded="true"
            aria-controls={`${id}-list`}
            aria-activedescendant={chosen && `${id}-${chosen.id}`}
            aria-label="Find runs and commands"
            placeholder="Type a few letters"
            value={text}
            onChange={(event) => {
              setText(event.currentTarget.value);
              setAt(0);
            }}
            onKeyDown={(event) => {
              const act = keys[event.key];
              if (!act) return;
              event.preventDefault();
              act();
            }}
          />
          <kbd>Esc</kbd>
        </div>
        <div className="palette-list" id={`${id}-list`} role="listbox" aria-label="Found">
          {shown.map((item) => (
            <button
              key={item.id}
              id={`${id}-${item.id}`}
              type="button"
              role="option"
              tabIndex={-1}
              aria-selected={item === chosen}
              onClick={() => run(item)}
              onMouseMove={() => setAt(shown.indexOf(item))}
            >
              <Icon name={item.icon} />
              <span className="nw">{item.words}</span>
              <span className="faint sm cut grow">{item.more}</span>
              <span className="faint sm nw">{item.group}</span>
            </button>
          ))}
        </div>
        {shown.length === 0 && <p className="waiting">Nothing is called so here.</p>}
      </Modal.Content>
    </Modal.Root>
  );
}

function useItems(project: string | undefined): PaletteItem[] {
  const switchTheme = useSwitchTheme();
  const me = useQuery(meQuery).data;
  const projects = useQuery(projectsQuery).data;
  const protocols = useQuery({ ...protocolsQuery, enabled: project !== undefined }).data;
  const runs = useQuery({ ...runsQuery(project ?? ""), enabled: project !== undefined }).data?.runs;
  return useMemo(() => paletteItems({ project, projects: projects ?? [], runs: runs ?? [], protocols: protocols ?? [], switchTheme, me }), [project, projects, protocols, runs, switchTheme, me]);
}

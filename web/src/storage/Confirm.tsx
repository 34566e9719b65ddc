import { Button, Modal } from "@mantine/core";
import type { StorageCategory } from "../api/types";
import { count, counted } from "../kit/format";
import { Icon } from "../kit/Icon";
import { exportedIn, size, together } from "./words";
import "../inspector/inspector.css";

interface Props {
  title: string;
  act: string;
  going: readonly StorageCategory[];
  confirm: () => void;
  close: () => void;
}

/** The last look at what will be removed for good. */
export function Confirm({ title, act, going, confirm, close }: Props) {
  const { frees, files } = together(going, new Set(going.map((one) => one.name)));
  const exported = exportedIn(going);
  return (
    <Modal.Root opened onClose={close} transitionProps={{ duration: 100 }}>
      <Modal.Overlay />
      <Modal.Content className="confirm" aria-label={title}>
        <h2>{title}</h2>
        <p>{counted(files, "files")} go for good, which frees {size(frees)}. Nothing outside the project is touched.</p>
        <ul className="goinglist">
          {going.map((one) => <li key={one.name}><b>{one.words}</b>, {size(one.frees)} in {count(one.frees_files)} {one.frees_files === 1 ? "file" : "files"}. <span className="dim">{one.cost}</span></li>)}
        </ul>
        {exported.length > 0 && <ul className="warns"><li><Icon name="triangle" /><span>{exported.join(", ")} would name files that are gone.</span></li></ul>}
        <div className="row">
          <Button variant="filled" onClick={confirm}>{act}</Button>
          <Button variant="subtle" data-autofocus onClick={close}>Keep everything</Button>
        </div>
      </Modal.Content>
    </Modal.Root>
  );
}

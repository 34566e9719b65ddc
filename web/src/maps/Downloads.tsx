import { Button, Menu } from "@mantine/core";
import type { VolumeDocument } from "../api/types";
import { bytes } from "../kit/format";
import { Icon } from "../kit/Icon";
import { Quantity } from "../kit/Quantity";
import { FILE_WORDS, fileAddress } from "./addresses";

/** The files of a map, each as it lies in the project. */
export function Downloads({ project, volume }: { project: string; volume: VolumeDocument }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button leftSection={<Icon name="download" />}>Download</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {volume.files.map((file) => (
          <Menu.Item key={file.which} component="a" href={fileAddress(project, volume.entry, file.which)} download={file.name} rightSection={<span className="faint sm"><Quantity {...bytes(file.bytes)} /></span>}>
            {FILE_WORDS[file.which]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

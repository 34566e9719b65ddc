import { Button, Popover, UnstyledButton } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { signOut } from "./acts";
import { meQuery } from "./queries";
import { initials, ROLES } from "./words";
import "./people.css";

/** Who is signed in, and what belongs to that person alone. */
export function PersonMenu() {
  const me = useQuery(meQuery).data;
  const [open, setOpen] = useState(false);
  const leaving = useMutation({ mutationFn: signOut, onSuccess: ({ leave }) => location.assign(leave || "/") });
  if (!me) return null;
  const close = () => setOpen(false);
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" width={264} trapFocus returnFocus withinPortal={false} transitionProps={{ duration: 100 }}>
      <Popover.Target>
        <UnstyledButton className="whoami" aria-label={`${initials(me.name)}: you are ${me.name}`} onClick={() => setOpen(!open)}>
          {initials(me.name)}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown className="whoami-card" aria-label="You">
        <p className="whoami-head">
          <span className="b cut">{me.name}</span>
          {me.email && me.email !== me.name && <span className="sm dim cut">{me.email}</span>}
          <span className="sm faint">{me.alone ? "You started this server; nobody else can sign in." : `${ROLES[me.role].word}: ${ROLES[me.role].more}.`}</span>
        </p>
        <ul>
          <li><Link to="/account/tokens" onClick={close}><Icon name="key" />API tokens</Link></li>
          {me.role === "admin" && <li><Link to="/people" onClick={close}><Icon name="people" />People and log</Link></li>}
          {me.role === "admin" && <li><Link to="/microscopes" onClick={close}><Icon name="session" />Microscopes</Link></li>}
        </ul>
        <Button fullWidth leftSection={<Icon name="leave" />} loading={leaving.isPending} onClick={() => leaving.mutate()}>Sign out</Button>
        {leaving.isError && <ProblemNote error={leaving.error} />}
      </Popover.Dropdown>
    </Popover>
  );
}

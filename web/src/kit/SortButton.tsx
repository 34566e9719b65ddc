import { Icon } from "./Icon";

interface Props {
  sorted: false | "asc" | "desc";
  sort: () => void;
  children: React.ReactNode;
}

/** The heading of a column, which sorts by it. */
export function SortButton({ sorted, sort, children }: Props) {
  return (
    <button type="button" className="sortable" onClick={sort}>
      {children}
      {sorted && <Icon name={sorted === "desc" ? "arrowDown" : "arrowUp"} />}
    </button>
  );
}

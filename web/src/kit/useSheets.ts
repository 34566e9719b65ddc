import { queryOptions, useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { ApiError, problemFrom } from "../api/problems";
import { sheetAddress, type SheetsAsked } from "./sheets";

/** Sheets that have come, by number, and why others have not. */
export interface Sheets {
  addresses: ReadonlyMap<number, string>;
  error: Error | null;
}

/** Fetches a sheet into the browser's store, from where the page then draws it; what fails, fails with the server's words. */
const sheetQuery = (address: string) =>
  queryOptions({
    queryKey: ["sheet", address],
    queryFn: async () => {
      const answer = await fetch(address, { credentials: "same-origin" });
      if (!answer.ok) throw new ApiError(answer.status, problemFrom(answer.status, await answer.json().catch(() => null)));
      await answer.blob();
      return address;
    },
    gcTime: 60_000,
  });

/** The sheets of some numbers, each asked for once. */
export function useSheets(asked: SheetsAsked, wanted: readonly number[]): Sheets {
  const answers = useQueries({ queries: wanted.map((sheet) => sheetQuery(sheetAddress(asked, sheet))) });
  return useMemo(
    () => ({
      addresses: new Map(wanted.flatMap((sheet, at) => (answers[at]?.data ? [[sheet, answers[at].data] as const] : []))),
      error: answers.find((answer) => answer.isError)?.error ?? null,
    }),
    [wanted, answers],
  );
}

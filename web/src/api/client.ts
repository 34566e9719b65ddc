import createClient from "openapi-fetch";
import { ApiError, problemFrom } from "./problems";
import type { paths } from "./schema";

/** The server's interface, typed by its own contract. */
export const api = createClient<paths>({ credentials: "same-origin" });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What was answered; anything but a success is thrown as an `ApiError`. */
export async function answered<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw new ApiError(response.status, problemFrom(response.status, error));
  return data as T;
}

import type { Socket } from "node:net";

/** A line that is longer was sent by something else. */
const LONGEST_LINE = 64 * 1024;

/** Calls a function with each line of JSON that arrives; what is no JSON ends the connection. */
export function onJsonLines(socket: Socket, receive: (value: unknown) => void): void {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    try {
      if (rest.length > LONGEST_LINE) throw new Error("A line is too long.");
      for (const line of lines) if (!socket.destroyed) receive(JSON.parse(line));
    } catch {
      socket.destroy();
    }
  });
}

/** Sends a value as a line of JSON, and calls back when the system has taken it. */
export function sendJson(socket: Socket, value: object, taken?: () => void): void {
  if (socket.writable) socket.write(`${JSON.stringify(value)}\n`, () => taken?.());
  else taken?.();
}

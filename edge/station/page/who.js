// Who is signed in; modules read it and only app.js writes it.

export const who = { account: null, needsPassword: true };

export const isSupervisor = () => who.account?.role === "supervisor";
export const isService = () => who.account?.role === "service";

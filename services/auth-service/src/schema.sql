-- Who may log in. The address is kept normalised, so that one person has one account.
create table accounts (id text primary key, email text not null unique, password text not null, role text not null,
                       created bigint not null);

-- Guesses, by a hash of the address and whether or not there is such an account: a delay must not tell which addresses exist.
create table attempts (subject text primary key, failures bigint not null, failed_at bigint not null, blocked_until bigint not null);
create index attempts_failed_at on attempts (failed_at);

-- A login; its id is the claim sid. It ends when it is revoked, or at last at its expiry however often it was refreshed.
create table sessions (id text primary key, account text not null, authenticated bigint not null, expires bigint not null,
                       revoked bigint);
create index sessions_expires on sessions (expires);

-- Refresh tokens by their hash. Redeemed ones stay as long as their session: seeing one again means that it was stolen.
create table refresh_tokens (hash text primary key, session text not null, expires bigint not null, redeemed bigint);
create index refresh_tokens_session on refresh_tokens (session);

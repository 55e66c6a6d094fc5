-- Which client a session belongs to, and what it may ask for; those of before are first-party logins.
alter table sessions add column client text not null default 'argosy';
alter table sessions add column scope text not null default 'api';
alter table sessions add column seen bigint not null default 0;
create index sessions_account on sessions (account);

-- Authorization codes by their hash. A redeemed one stays for a while: seeing it again means that it was stolen, and what it gave ends.
create table codes (hash text primary key, client text not null, redirect_uri text not null, challenge text not null, nonce text,
                    scope text not null, account text not null, authenticated bigint not null, expires bigint not null, session text);
create index codes_expires on codes (expires);

-- Assertions that clients have used to prove themselves; each is good once (RFC 7523 §3, jti).
create table assertions (client text not null, jti text not null, expires bigint not null, primary key (client, jti));
create index assertions_expires on assertions (expires);

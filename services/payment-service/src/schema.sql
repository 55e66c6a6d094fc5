-- What is still to be done at the provider, one row a payment; gone when nothing is. The contexts are the saved causes of whoever
-- waits for a reply. `version` rises with every word of a handler, `nudges` with every webhook.
create table provider_task (payment text primary key, due bigint not null, attempts bigint not null, version bigint not null,
                            nudges bigint not null, context text not null, capture_reply text, return_reply text, error text);
create index provider_task_due on provider_task (due);

-- Webhooks that were accepted, so that each is accepted once.
create table webhook_event (id text primary key, at bigint not null);
create index webhook_event_at on webhook_event (at);

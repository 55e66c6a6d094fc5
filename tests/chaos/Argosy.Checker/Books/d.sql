-- d. Captures − refunds = the provider's balance, per currency.
select coalesce(group_concat(printf('%,d.%02d %s', net / 100, abs(net) % 100, currency), ', '), 'nothing') || ' captured and not given back'
from (select currency, sum(case type when 'capture' then amount else -amount end) as net from provider.ledger group by currency);

select printf('captures − refunds in the ledger are %d %s, and the provider''s balance is %d', coalesce(l.net, 0), c.currency, coalesce(b.amount, 0)), 'provider.balance/currency/' || b.currency
from (select currency from provider.ledger union select upper(currency) from provider.balance) c
left join (select currency, sum(case type when 'capture' then amount else -amount end) as net from provider.ledger group by currency) l on l.currency = c.currency
left join provider.balance b on upper(b.currency) = c.currency
where coalesce(l.net, 0) <> coalesce(b.amount, 0);

-- Texts are compared byte by byte, as SQLite does, whatever the database's own order is: pages follow ids. Runs after the scripts,
-- which are written for both engines and say nothing of it; columns that are right already are left alone.
do $$
declare
    wrong record;
begin
    for wrong in
        select c.relname, a.attname
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_collation l on l.oid = a.attcollation
        where c.relnamespace = current_schema()::text::regnamespace and c.relkind = 'r'
          and a.attnum > 0 and not a.attisdropped and a.atttypid = 'text'::regtype and l.collname = 'default'
    loop
        execute format('alter table %I alter column %I type text collate "C"', wrong.relname, wrong.attname);
    end loop;
end
$$

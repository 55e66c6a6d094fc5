\i /secrets/services.sql

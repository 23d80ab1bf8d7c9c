DROP INDEX leads_nobodys;

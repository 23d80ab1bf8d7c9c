DROP TABLE lead_identities;
DROP TABLE leads;

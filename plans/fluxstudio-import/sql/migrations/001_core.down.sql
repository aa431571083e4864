DROP TABLE projects;
DROP TABLE team_members;
DROP TABLE teams;
DROP TABLE organization_members;
DROP TABLE organizations;
DROP TABLE users;
DROP TYPE project_status;

-- +goose Up
-- When a person last showed who he is, for acts that want it shown a short while ago. NULL: the provider does not say.
SET LOCAL lock_timeout = '3s';
ALTER TABLE desk_sessions ADD COLUMN proved_at timestamptz;
UPDATE desk_sessions SET proved_at = started_at WHERE way <> 'oidc';

-- +goose Down
SET LOCAL lock_timeout = '3s';
ALTER TABLE desk_sessions DROP COLUMN proved_at;

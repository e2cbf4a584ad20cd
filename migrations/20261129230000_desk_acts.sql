-- +goose Up
-- What people did at the desk, of whatever kind and in all of its rooms, as auditors look at it. source and id name the row; n is how many cases
-- it was about, where that is counted. Whoever adds a table that names people makes the view anew with it.
SET LOCAL lock_timeout = '3s';

CREATE VIEW desk_acts AS
SELECT at, actor, 'visits' AS room, act, subject, NULL::bigint AS case_id, NULL::integer AS n, '' AS reason, 1 AS source, id FROM desk_visits
UNION ALL SELECT at, actor, 'people', 'account_' || what, login, NULL, NULL, reason, 2, id FROM operator_changes
UNION ALL SELECT at, actor, 'access', what, kind, case_id, hits, reason, 3, id FROM desk_access
UNION ALL SELECT at, actor, 'access', 'open_' || what, of_id::text, NULL, NULL, reason, 4, id FROM desk_openings
UNION ALL SELECT r.at, r.actor, 'access', 'read_paper', f.ground, f.case_id, NULL, '', 5, r.id FROM objection_file_reads r JOIN objection_files f ON f.id = r.file_id
UNION ALL SELECT at, actor, 'cases', kind, '', case_id, NULL, coalesce(data ->> 'reason', ''), 6, case_id * 100000 + seq FROM events
 WHERE actor NOT IN ('robot', 'court', 'bank', 'register', 'payment', 'debtor', 'notice', 'stranger')
UNION ALL SELECT at, actor, 'cases', 'link_invalid', '', case_id, NULL, '', 7, case_id * 100000 + below FROM link_renewals
UNION ALL SELECT received_at, received_by, 'batches', 'batch_sent', id::text, NULL, rows, file_name, 8, id FROM batches WHERE via = 'desk' AND received_by <> ''
UNION ALL SELECT at, actor, 'batches', 'batch_' || act, batch_id::text, NULL, NULL, reason, 9, id FROM batch_acts
UNION ALL SELECT proposed_at, proposed_by, 'texts', 'text_proposed', version::text, NULL, NULL, reason, 10, version FROM text_versions
UNION ALL SELECT at, actor, 'texts', 'text_' || act, version::text, NULL, NULL, reason, 11, version FROM text_version_acts
UNION ALL SELECT at, actor, 'switch', 'stopped', scope, NULL, NULL, reason, 12, id FROM stops WHERE breaker = ''
UNION ALL SELECT a.at, a.actor, 'switch', 'stop_' || a.act, s.scope, NULL, NULL, a.reason, 13, a.id FROM stop_acts a JOIN stops s ON s.id = a.stop_id
UNION ALL SELECT decided_at, actor, 'trials', 'arrest_' || verdict, ordinal::text, case_id, NULL, reason, 14, case_id * 100000 + ordinal FROM trial_arrests WHERE verdict <> ''
UNION ALL SELECT a.at, a.actor, 'trials', 'trial_' || a.act, t.kind || ':' || t.name, NULL, NULL, a.reason, 15, a.id FROM trial_acts a JOIN trials t ON t.id = a.trial_id
UNION ALL SELECT proposed_at, proposed_by, 'payments', 'money_proposed', kind || ' ' || id, NULL, NULL, reason, 16, id FROM money_acts
UNION ALL SELECT d.at, d.actor, 'payments', 'money_' || d.verdict, a.kind || ' ' || a.id, NULL, NULL, d.reason, 17, d.act_id FROM money_act_decisions d JOIN money_acts a ON a.id = d.act_id
UNION ALL SELECT collected_at, collected_by, 'payments', 'file_collected', id::text, NULL, NULL, reason, 18, id FROM payout_files
UNION ALL SELECT at, actor, 'payments', 'file_' || act, file_id::text, NULL, NULL, reason, 19, file_id FROM payout_file_acts
UNION ALL SELECT at, given_by, 'payments', 'requisites_given', payment_id::text, NULL, NULL, reason, 20, id FROM refund_requisites
UNION ALL SELECT proposed_at, proposed_by, 'payments', 'claimant_proposed', name, NULL, NULL, reason, 21, id FROM claimant_requisites
UNION ALL SELECT d.at, d.actor, 'payments', 'claimant_' || d.verdict, r.name, NULL, NULL, d.reason, 22, r.id FROM claimant_requisites_decisions d JOIN claimant_requisites r ON r.id = d.requisites_id
UNION ALL SELECT ordered_at, actor, 'orders', 'finding_' || purpose, finding_id::text, (SELECT f.case_id FROM bank_findings f WHERE f.id = finding_id), NULL, reason, 23, finding_id FROM bank_corrections WHERE actor <> 'robot'
UNION ALL SELECT at, actor, 'queue', 'queue_' || act, coalesce(job_id || ' ' || kind, queue), NULL, NULL, reason, 24, id FROM queue_acts
UNION ALL SELECT at, actor, 'switch', 'restore_' || act, restore_id::text, NULL, NULL, reason, 25, id FROM restore_acts
UNION ALL SELECT asked_at, asked_by, 'cases', 'act_asked', kind || ' ' || id, NULL, cases, reason, 26, id FROM case_acts WHERE asked_at IS NOT NULL
UNION ALL SELECT decided_at, decided_by, 'cases', 'act_' || verdict, kind || ' ' || id, NULL, cases, why, 27, id FROM case_acts WHERE decided_at IS NOT NULL
UNION ALL SELECT written_at, author, 'cases', 'note', '', case_id, NULL, '', 28, id FROM case_notes
UNION ALL SELECT at, actor, 'work', 'work_' || act, kind || ' ' || item, NULL, NULL, words, 29, id FROM work_acts
UNION ALL SELECT decided_at, actor, 'work', 'review_' || verdict, seq::text, case_id, NULL, words, 30, case_id * 100000 + seq FROM reviews WHERE verdict <> ''
UNION ALL SELECT at, actor, 'rules', 'rules_proposed', id || ' ' || from_on, NULL, NULL, reason, 31, id FROM rule_pack_proposals
UNION ALL SELECT at, actor, 'rules', CASE WHEN agreed THEN 'rules_agreed' ELSE 'rules_refused' END, proposal || ' ' || from_on, NULL, NULL, reason, 32, proposal FROM rule_pack_decisions
UNION ALL SELECT proposed_at, proposed_by, 'people', 'grant_proposed', login, NULL, NULL, reason, 33, id FROM operator_proposals
UNION ALL SELECT decided_at, decided_by, 'people', 'grant_' || verdict, login, NULL, NULL, why, 34, id FROM operator_proposals WHERE decided_at IS NOT NULL
UNION ALL SELECT at, actor, 'access', 'look_' || what, CASE WHEN kind = '' THEN '' ELSE 'document_' || kind END, case_id, NULL, '', 35, id FROM desk_looks
UNION ALL SELECT proposed_at, proposed_by, 'batches', 'identity_' || answer, batch_id || '/' || row_no, NULL, NULL, reason, 36, id FROM identity_words
UNION ALL SELECT decided_at, decided_by, 'batches', 'identity_' || verdict, batch_id || '/' || row_no, NULL, NULL, why, 37, id FROM identity_words WHERE decided_by IS NOT NULL;

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP VIEW desk_acts;

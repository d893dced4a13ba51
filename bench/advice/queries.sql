-- Each query after its name. Analysts' questions first, in the shapes of TPC-H; then what a shop does all day.
-- a01 sums of everything sent before a day
SELECT returned, rebate, count(*), sum(amount), sum(price), avg(price) FROM lines WHERE sent <= date '2024-08-01' GROUP BY returned, rebate ORDER BY 1, 2;
-- a02 cheapest maker of a good in a zone
SELECT m.name, g.id, o.cost FROM goods g JOIN offers o ON o.good_id = g.id JOIN makers m ON m.id = o.maker_id JOIN lands l ON l.id = m.land_id WHERE g.size = 15 AND g.kind = 'kind 7' AND l.zone = 'zone 3' AND o.cost = (SELECT min(o2.cost) FROM offers o2 WHERE o2.good_id = g.id) ORDER BY o.cost;
-- a03 unsent purchases of a branch that are worth most
SELECT l.purchase_id, sum(l.price * (1 - l.rebate)) AS worth, p.placed FROM buyers b JOIN purchases p ON p.buyer_id = b.id JOIN lines l ON l.purchase_id = p.id WHERE b.branch = 'mill' AND p.placed < date '2018-01-20' AND l.sent > date '2018-01-20' GROUP BY 1, 3 ORDER BY 2 DESC LIMIT 10;
-- a04 purchases of a quarter with something late, by urgency
SELECT p.urgency, count(*) FROM purchases p WHERE p.placed >= date '2023-07-01' AND p.placed < date '2023-10-01' AND EXISTS (SELECT FROM lines l WHERE l.purchase_id = p.id AND l.promised < l.arrived) GROUP BY 1 ORDER BY 1;
-- a05 trade inside one zone in a month
SELECT la.name, sum(l.price) FROM buyers b JOIN purchases p ON p.buyer_id = b.id JOIN lines l ON l.purchase_id = p.id JOIN makers m ON m.id = l.maker_id AND m.land_id = b.land_id JOIN lands la ON la.id = m.land_id WHERE la.zone = 'zone 2' AND p.placed >= date '2022-03-01' AND p.placed < date '2022-04-01' GROUP BY 1 ORDER BY 2 DESC;
-- a06 what other rebates would have brought
SELECT sum(price * rebate) FROM lines WHERE sent >= date '2021-05-01' AND sent < date '2021-06-01' AND rebate BETWEEN 0.05 AND 0.07 AND amount < 24;
-- a07 what a buyer sent back
SELECT b.id, b.name, sum(l.price) FROM buyers b JOIN purchases p ON p.buyer_id = b.id JOIN lines l ON l.purchase_id = p.id WHERE l.returned AND p.placed >= date '2023-10-01' AND p.placed < date '2023-11-01' GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 20;
-- a08 the most valuable stock of a land's makers
SELECT o.good_id, sum(o.cost * o.held) FROM offers o JOIN makers m ON m.id = o.maker_id WHERE m.land_id = 7 GROUP BY 1 ORDER BY 2 DESC LIMIT 20;
-- a09 the share of a kind in a month
SELECT 100 * sum(CASE WHEN g.kind = 'kind 3' THEN l.price ELSE 0 END) / sum(l.price) FROM lines l JOIN goods g ON g.id = l.good_id WHERE l.sent >= date '2022-09-01' AND l.sent < date '2022-10-01';
-- a10 small amounts of a rare good
SELECT sum(l.price) / 7 FROM lines l JOIN goods g ON g.id = l.good_id WHERE g.kind = 'kind 21' AND g.size = 7 AND l.amount < (SELECT 0.2 * avg(l2.amount) FROM lines l2 WHERE l2.good_id = g.id);
-- a11 makers who are late with what a land's buyers wait for
SELECT m.name, count(*) FROM makers m JOIN lines l ON l.maker_id = m.id WHERE m.land_id = 12 AND l.arrived > l.promised AND EXISTS (SELECT FROM lines l2 WHERE l2.purchase_id = l.purchase_id AND l2.maker_id <> l.maker_id) GROUP BY 1 ORDER BY 2 DESC LIMIT 10;
-- a12 good buyers who have not bought for long
SELECT b.land_id, count(*), sum(b.balance) FROM buyers b WHERE b.balance > 7000 AND NOT EXISTS (SELECT FROM purchases p WHERE p.buyer_id = b.id) GROUP BY 1 ORDER BY 1;
-- a13 what some kinds of goods brought, in three alternatives
SELECT sum(l.price * (1 - l.rebate)) FROM lines l JOIN goods g ON g.id = l.good_id WHERE (g.kind = 'kind 12' AND l.amount BETWEEN 1 AND 11 AND g.size BETWEEN 1 AND 5) OR (g.kind = 'kind 23' AND l.amount BETWEEN 10 AND 20 AND g.size BETWEEN 1 AND 10);
-- a14 the makers that brought most in a quarter
SELECT maker_id, sum(price * (1 - rebate)) FROM lines WHERE sent >= date '2024-01-01' AND sent < date '2024-02-01' GROUP BY 1 ORDER BY 2 DESC LIMIT 1;
-- o01 an account's newest messages
SELECT id, sent, body FROM messages WHERE account_id = 4711 ORDER BY sent DESC LIMIT 20;
-- o02 how many it has not seen
SELECT count(*) FROM messages WHERE account_id = 4712 AND seen_at IS NULL;
-- o03 who a token belongs to
SELECT account_id, ends FROM logins WHERE token = 'c4ca4238a0b923820dcc509a6f75849bd3d9446802a44259755d38e6d163e820';
-- o04 a buyer's last purchases
SELECT id, placed, total FROM purchases WHERE buyer_id = 815 ORDER BY placed DESC LIMIT 10;
-- o05 the lines of a purchase
SELECT l.line, g.name, l.amount, l.price FROM lines l JOIN goods g ON g.id = l.good_id WHERE l.purchase_id = 4321 ORDER BY l.line;
-- o06 what is nearly gone in a store
SELECT good_id, amount FROM stock WHERE store_id = 17 AND amount < 5 ORDER BY amount;
-- o07 a buyer by mail address
SELECT id, name FROM buyers WHERE lower(email) = 'mail777@example.org';
-- o08 buyers by the beginning of a number
SELECT id, name, phone FROM buyers WHERE phone LIKE '0123%' LIMIT 10;
-- o09 a word in a message
SELECT id, sent FROM messages WHERE body LIKE '%a7f3c%' LIMIT 50;
-- o10 logins that are over
DELETE FROM logins WHERE ends < timestamptz '2025-01-02 06:00';
-- o11 what is open and urgent
SELECT id, buyer_id, placed FROM purchases WHERE state = 'open' AND urgency = 1 ORDER BY placed LIMIT 50;
-- o12 the next page of purchases
SELECT id, placed, total FROM purchases WHERE (placed, id) < (date '2022-01-01', 5000) ORDER BY placed DESC, id DESC LIMIT 50;
-- o13 goods of a kind within a price, cheapest first
SELECT id, name, price FROM goods WHERE kind = 'kind 33' AND price BETWEEN 100 AND 200 ORDER BY price LIMIT 20;
-- o14 something is taken from a store
UPDATE stock SET amount = amount - 1 WHERE store_id = 5 AND good_id = 1234;
-- o15 when an account last wrote
SELECT max(sent) FROM messages WHERE account_id = 99;
-- o16 logins of an account since a day
SELECT count(*) FROM logins WHERE account_id = 1234 AND begun > timestamptz '2025-02-01';
-- o17 what two accounts wrote each other
SELECT id, sent FROM messages WHERE account_id = 12 AND peer_id = 3456 ORDER BY sent;
-- o18 goods with a trait
SELECT id, name FROM goods WHERE traits @> '{"grade": 77, "colour": 5}';
-- o19 who offers a good, cheapest first
SELECT maker_id, cost FROM offers WHERE good_id = 777 ORDER BY cost LIMIT 5;
-- o20 how often a good was bought lately
SELECT count(*) FROM lines WHERE good_id = 1234 AND sent > date '2024-06-01';

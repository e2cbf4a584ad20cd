package sandbox

import "strconv"

var streets = words(`Абая Достык Сейфуллина Толе_би Жамбыла Сатпаева Ауэзова Желтоксан Бейбітшілік Мәңгілік_Ел Қабанбай_батыр Республики
	Кенесары Қонаев Назарбаева Бөгенбай_батыр Мира Гагарина`)

// address is where a person lives, without a comma, which stands between the fields of a batch. Who has one does not depend on
// the row: a court knows a person or does not.
func (c *Court) address(owner, region int, minor bool) string {
	if minor {
		return ""
	}
	d := rollNumber(c.people.seed, 'h', uint64(owner))
	if !d.in(c.opt.Addresses) {
		return ""
	}
	street := []byte(streets[d.below(len(streets))])
	for i, b := range street {
		if b == '_' {
			street[i] = ' '
		}
	}
	return strconv.Itoa(d.between(10, 16)*10_000+d.between(0, 99)) + " " + regions[region].name + " ул. " + string(street) + " д. " +
		strconv.Itoa(d.between(1, 180)) + " кв. " + strconv.Itoa(d.between(1, 120))
}
